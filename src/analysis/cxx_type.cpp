// SPDX-License-Identifier: Apache-2.0
#include "analysis/cxx_type.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "analysis/memory_text.h"
#include "base/utf.h"
#include "names/names.h"

namespace vigil::analysis {
namespace {

constexpr std::uint64_t kMaxTypeName = 512;

/// Where the structures of a throw keep what is read here. On 64-bit systems their pointers are
/// offsets of 32 bits from the base of the image that throws.
constexpr std::uint64_t kThrowInfoTypeArray = 12;  // pCatchableTypeArray
constexpr std::uint64_t kTypeArrayFirst = 4;       // arrayOfCatchableTypes[0]: the type itself
constexpr std::uint64_t kCatchableTypePointer = 4;
constexpr std::uint64_t kCatchableTypeDisplacement = 8;  // thisDisplacement: mdisp, pdisp, vdisp
/// Bases of bases of what is thrown; a compiler writes each once.
constexpr std::uint32_t kMaxCatchableTypes = 32;

/// The parameters of a throw, and the way from one of its structures to the next.
class Throw {
 public:
  Throw(snapshot::Cpu cpu, snapshot::Memory& memory, const std::vector<std::uint64_t>& parameters)
      : memory_(memory), wide_(cpu == snapshot::Cpu::Amd64 || cpu == snapshot::Cpu::Arm64) {
    constexpr std::size_t kObject = 1, kThrowInfo = 2, kImageBase = 3;
    if (parameters.size() <= (wide_ ? kImageBase : kThrowInfo)) return;
    object_ = parameters[kObject];
    base_ = wide_ ? parameters[kImageBase] : 0;
    types_ = follow(parameters[kThrowInfo] + kThrowInfoTypeArray);
  }

  [[nodiscard]] std::uint64_t object() const { return object_; }

  [[nodiscard]] std::uint32_t type_count() const {
    const auto count = types_ ? memory_.read<std::uint32_t>(*types_) : std::nullopt;
    return std::min(count.value_or(0), kMaxCatchableTypes);
  }

  /// The CatchableType of \p index: 0 is what was thrown, behind it are its bases.
  [[nodiscard]] std::optional<std::uint64_t> type(std::uint32_t index) const {
    if (!types_) return std::nullopt;
    return follow(*types_ + kTypeArrayFirst + sizeof(std::uint32_t) * std::uint64_t{index});
  }

  /// Its decorated name: `.?AVruntime_error@std@@`.
  [[nodiscard]] std::string name(std::uint64_t type) const {
    const auto descriptor = follow(type + kCatchableTypePointer);
    if (!descriptor) return {};
    const std::uint64_t name = *descriptor + 2 * pointer_size();
    const auto text = memory_.at(name, kMaxTypeName).c_string(0, kMaxTypeName);
    return text.ok() ? std::string(*text) : std::string();
  }

  [[nodiscard]] std::optional<std::uint64_t> pointer_at(std::uint64_t address) const {
    if (wide_) return memory_.read<std::uint64_t>(address);
    return memory_.read<std::uint32_t>(address);
  }
  [[nodiscard]] std::uint64_t pointer_size() const {
    return wide_ ? sizeof(std::uint64_t) : sizeof(std::uint32_t);
  }

 private:
  [[nodiscard]] std::optional<std::uint64_t> follow(std::uint64_t address) const {
    const auto offset = memory_.read<std::uint32_t>(address);
    return offset && *offset != 0 ? std::optional(base_ + *offset) : std::nullopt;
  }

  snapshot::Memory& memory_;
  bool wide_;
  std::uint64_t object_ = 0;
  std::uint64_t base_ = 0;
  std::optional<std::uint64_t> types_;
};

/// Where in the thrown object its std::exception lies; nothing when it has none, or shares one as a
/// virtual base, where the answer is in memory that only the program understands.
std::optional<std::uint64_t> find_std_exception(const Throw& thrown, snapshot::Memory& memory) {
  for (std::uint32_t i = 0; i < thrown.type_count(); ++i) {
    const auto type = thrown.type(i);
    if (!type || thrown.name(*type) != ".?AVexception@std@@") continue;
    const auto mdisp = memory.read<std::int32_t>(*type + kCatchableTypeDisplacement);
    const auto pdisp = memory.read<std::int32_t>(*type + kCatchableTypeDisplacement + 4);
    if (!mdisp || !pdisp || *pdisp != -1 || *mdisp < 0) return std::nullopt;
    return thrown.object() + static_cast<std::uint64_t>(*mdisp);
  }
  return std::nullopt;
}

}  // namespace

std::string read_msvc_type(snapshot::Cpu cpu,
                           snapshot::Memory& memory,
                           const std::vector<std::uint64_t>& parameters) {
  const Throw thrown(cpu, memory, parameters);
  const auto first = thrown.type(0);
  return first ? printable_utf8(names::undecorate(thrown.name(*first))) : std::string();
}

std::string read_msvc_what(snapshot::Cpu cpu,
                           snapshot::Memory& memory,
                           const std::vector<std::uint64_t>& parameters) {
  const Throw thrown(cpu, memory, parameters);
  const auto exception = find_std_exception(thrown, memory);
  // Behind the pointer to its virtual functions it has one to its text.
  const auto text =
      exception ? thrown.pointer_at(*exception + thrown.pointer_size()) : std::nullopt;
  return text && *text != 0 ? read_text(memory, *text) : std::string();
}

}  // namespace vigil::analysis
