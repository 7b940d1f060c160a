// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kerneldump/kerneldump.h"

namespace {

namespace kerneldump = vigil::kerneldump;
namespace snapshot = vigil::snapshot;
using vigil::ByteView;

/// Reads around every address that the dump names: what translation makes of hostile tables has to
/// be bytes of the file, and no more than were asked for.
void read_at(snapshot::Memory& memory, std::uint64_t address) {
  for (const std::uint64_t size : {std::uint64_t{8}, std::uint64_t{0x3000}}) {
    const auto bytes = memory.at(address, size);
    VIGIL_CHECK(bytes.size() <= size);
    std::uint64_t sum = 0;
    for (const auto byte : bytes.bytes()) sum += std::to_integer<std::uint64_t>(byte);
    VIGIL_CHECK(sum <= bytes.size() * 0xff);
  }
}

void use(kerneldump::KernelDump& dump) {
  constexpr std::size_t kLooked = 64;
  const auto& snapshot = dump.snapshot();
  VIGIL_CHECK(snapshot.kernel.has_value());
  const auto& kernel = *snapshot.kernel;
  VIGIL_CHECK(snapshot.modules.size() <= 8192 && kernel.processes.size() <= 8193);
  VIGIL_CHECK(kernel.threads.size() <= 40'000 && kernel.processors.size() <= 4096);
  VIGIL_CHECK(!snapshot.threads.empty());
  auto& memory = dump.memory();
  for (std::size_t i = 0; i < std::min(snapshot.modules.size(), kLooked); ++i)
    read_at(memory, snapshot.modules[i].base);
  for (std::size_t i = 0; i < std::min(kernel.processes.size(), kLooked); ++i)
    read_at(memory, kernel.processes[i].address);
  read_at(memory, kernel.process_list);
  read_at(memory, ~std::uint64_t{0} - 4);
  read_at(memory, 0xfffff78000000ff0);
  read_at(memory, 0x7fff0000);
}

/// Symbols whose every answer is of the input: what they lead to may be anywhere.
class FuzzedSymbols final : public kerneldump::KernelSymbols {
 public:
  explicit FuzzedSymbols(ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] std::string name() const override { return "fuzzed.pdb"; }
  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::string_view name) override {
    return number(name, 0);
  }
  [[nodiscard]] std::optional<Field> field(std::string_view type, std::string_view path) override {
    const auto offset = number(path, type.size());
    if (!offset) return std::nullopt;
    return Field{.offset = *offset, .size = *offset % 3 * 4};
  }
  [[nodiscard]] std::optional<std::uint64_t> size_of(std::string_view type) override {
    return number(type, 0);
  }

 private:
  /// Most are small, as offsets are; each name has its own.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t more) {
    constexpr std::uint64_t kFactor = 31, kPlaces = 0x4000, kSmall = 0xfff;
    std::uint64_t at = more;
    for (const char c : name) at = at * kFactor + static_cast<unsigned char>(c);
    const auto value = bytes_.read<std::uint64_t>(at % kPlaces);
    if (!value.ok() || *value % 16 == 15) return std::nullopt;
    return *value % 4 == 3 ? *value : *value & kSmall;
  }

  ByteView bytes_;
};

void parse(ByteView bytes, const kerneldump::FindKernelSymbols& symbols) {
  const auto dump = kerneldump::KernelDump::parse(bytes, symbols);
  if (dump.ok()) {
    use(**dump);
  } else {
    VIGIL_CHECK(!dump.error().message().empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(std::as_bytes(std::span(data, size)));
  parse(bytes, {});
  parse(bytes,
        [bytes](const auto&, auto&, auto&) { return std::make_unique<FuzzedSymbols>(bytes); });
  return 0;
}
