// SPDX-License-Identifier: Apache-2.0
#include "analysis/special_codes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "analysis/access.h"
#include "analysis/memory_text.h"
#include "base/exception_codes.h"

namespace vigil::analysis {
namespace {

struct HeapFailure {
  std::uint32_t number;
  std::string_view name, meaning;
};
constexpr HeapFailure kHeapFailures[] = {
#define VIGIL_HEAP_FAILURE(number, name, meaning) {number, name, meaning},
#include "analysis/heap_failures.inc"
#undef VIGIL_HEAP_FAILURE
};

struct IoStatus {
  std::uint32_t status;
  std::string_view name, meaning;
};
constexpr IoStatus kIoStatuses[] = {
#define VIGIL_IO_STATUS(status, name, meaning) {status, name, meaning},
#include "analysis/io_statuses.inc"
#undef VIGIL_IO_STATUS
};

/// Structures of the captured process, whose pointers have its size.
class Reader {
 public:
  explicit Reader(const Input& input)
      : memory_(input.memory), wide_(input.snapshot.system.cpu != snapshot::Cpu::X86) {}

  [[nodiscard]] std::optional<std::uint64_t> pointer(std::uint64_t address) const {
    if (wide_) return memory_.read<std::uint64_t>(address);
    return memory_.read<std::uint32_t>(address);
  }
  [[nodiscard]] std::optional<std::uint32_t> number(std::uint64_t address) const {
    return memory_.read<std::uint32_t>(address);
  }
  /// The one of two offsets that goes with the size of pointers.
  [[nodiscard]] std::uint64_t choose(std::uint64_t wide, std::uint64_t narrow) const {
    return wide_ ? wide : narrow;
  }
  [[nodiscard]] std::uint64_t pointer_size() const { return choose(8, 4); }

 private:
  snapshot::Memory& memory_;
  bool wide_;
};

const HeapFailure* find_heap_failure(std::uint32_t number, const snapshot::SystemInfo& system) {
  constexpr std::uint32_t kSameEverywhere = 10, kBuild1809 = 17763;
  if (number >= kSameEverywhere && system.os_build < kBuild1809) return nullptr;
  const auto* found = std::find_if(std::begin(kHeapFailures), std::end(kHeapFailures),
                                   [number](const auto& known) { return known.number == number; });
  return found == std::end(kHeapFailures) ? nullptr : found;
}

}  // namespace

void decode_heap_corruption(const Input& input, report::Crash& crash) {
  if (crash.parameters.empty()) return;
  // HEAP_FAILURE_INFORMATION: version, size, type; the heap; the block.
  constexpr std::uint64_t kType = 8;
  const Reader reader(input);
  const auto information = crash.parameters.front();
  const auto number = reader.number(information + kType);
  const auto heap = reader.pointer(information + reader.choose(0x10, 0x0c));
  const auto block = reader.pointer(information + reader.choose(0x18, 0x10));
  if (!number) return;
  if (const auto* failure = find_heap_failure(*number, input.snapshot.system)) {
    crash.decoded.push_back(
        fmt::format("heap failure {}, {}: {}", *number, failure->name, failure->meaning));
  } else {
    crash.decoded.push_back(fmt::format("heap failure {}", *number));
  }
  if (!heap || !block || (*heap == 0 && *block == 0)) return;
  crash.decoded.push_back(
      fmt::format("it was found at {:#x}, in the heap at {:#x}", *block, *heap));
  crash.decoded.emplace_back(
      "the heap was damaged before this: the stack is that of who noticed, not of who did it");
}

void decode_in_page_error(const Input& input, report::Crash& crash) {
  constexpr std::size_t kStatus = 2;
  if (crash.accessed_address) {
    const auto place = place_in_module(input.snapshot, *crash.accessed_address);
    if (!place.empty()) crash.decoded.push_back(fmt::format("the page belongs to {}", place));
  }
  if (crash.parameters.size() <= kStatus) return;
  const auto status = static_cast<std::uint32_t>(crash.parameters[kStatus]);
  const auto* found = std::find_if(std::begin(kIoStatuses), std::end(kIoStatuses),
                                   [status](const auto& known) { return known.status == status; });
  if (found == std::end(kIoStatuses)) {
    crash.decoded.push_back(fmt::format("reading the page failed with {}", exception_name(status)));
    return;
  }
  crash.decoded.push_back(fmt::format("reading the page failed with {:#010x} {}: {}", status,
                                      found->name, found->meaning));
}

void decode_delay_load(const Input& input, DecodedCrash& result) {
  // DelayLoadInfo: cb, pidd, ppfn, szDll, dlp {fImportByName, szProcName or dwOrdinal}, …
  auto& crash = result.crash;
  if (crash.parameters.empty()) return;
  const Reader reader(input);
  const auto information = crash.parameters.front();
  const auto size = reader.number(information);
  if (!size || *size < reader.choose(0x48, 0x24)) return;
  const auto dll = reader.pointer(information + reader.choose(0x18, 0x0c));
  const auto by_name = reader.number(information + reader.choose(0x20, 0x10));
  const auto function = reader.pointer(information + reader.choose(0x28, 0x14));
  if (!dll) return;
  result.wanted = read_text(input.memory, *dll);
  if (result.wanted.empty()) return;
  crash.decoded.push_back(fmt::format("the DLL is {}", result.wanted));
  if (!by_name || !function || *function == 0) return;
  const auto name =
      *by_name != 0 ? read_text(input.memory, *function) : fmt::format("#{}", *function & 0xffff);
  if (name.empty()) return;
  crash.decoded.push_back(fmt::format("the function is {}", name));
  result.wanted += "!" + name;
}

void decode_stowed(const Input& input, report::Crash& crash) {
  constexpr std::uint64_t kMaxShown = 8;
  constexpr std::uint32_t kVersion1 = 0x53453031, kVersion2 = 0x53453032;  // 'SE01', 'SE02'
  constexpr std::uint32_t kHasAddress = 1, kHasText = 2;
  if (crash.parameters.size() < 2) return;
  const Reader reader(input);
  const auto array = crash.parameters[0];
  const auto count = crash.parameters[1];
  for (std::uint64_t i = 0; i < std::min(count, kMaxShown); ++i) {
    const auto entry = reader.pointer(array + i * reader.pointer_size());
    const auto signature = entry ? reader.number(*entry + 4) : std::nullopt;
    if (!signature || (*signature != kVersion1 && *signature != kVersion2)) continue;
    const auto hresult = reader.number(*entry + 8);
    const auto form = reader.number(*entry + 0xc);
    const auto where = reader.pointer(*entry + 0x10);
    if (!hresult || !form || !where) continue;
    auto text = fmt::format("stored error {} of {}: HRESULT {:#010x}", i + 1, count, *hresult);
    const auto kind = *form & 3;
    if (kind == kHasAddress) {
      const auto place = place_in_module(input.snapshot, *where);
      text += fmt::format(", raised at {}", place.empty() ? fmt::format("{:#x}", *where) : place);
    } else if (kind == kHasText) {
      if (const auto words = read_wide_text(input.memory, *where); !words.empty())
        text += fmt::format(", \"{}\"", words);
    }
    crash.decoded.push_back(std::move(text));
  }
}

}  // namespace vigil::analysis
