// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>

#include "kerneldump/counters.h"

namespace vigil::kerneldump {
namespace {

using snapshot::KernelCounter;

struct Known {
  std::string_view name, member;
  std::uint64_t at;
  CounterUnit unit;
};
constexpr Known kKnown[] = {
#define VIGIL_KERNEL_COUNTER(name, member, at, unit) {#name, #member, at, CounterUnit::unit},
#include "kerneldump/counters.inc"
#undef VIGIL_KERNEL_COUNTER
};
constexpr std::uint64_t kMaxBytes = kMaxPages * kPageBytes;

/// Figures of a triage dump: of all pages (TRIAGE Mm block, windows.md 10.3).
struct InTriage {
  std::string_view name;
  std::uint64_t at;
};
constexpr InTriage kInTriage[] = {
    {"nonpaged_pool_maximum", 0x18},
    {"nonpaged_pool", 0x20},
    {"paged_pool_maximum", 0x28},
    {"paged_pool", 0x30},
    {"commit", 0x38},
    {"commit_peak", 0x40},
    {"commit_limit_maximum", 0x48},
};

void set_by_debugger_data(Kernel& kernel, const Known& known, KernelCounter& counter) {
  const auto address = known.at == 0 ? std::nullopt : kernel.debugger.address(known.at);
  const auto value = address ? kernel.pointer(*address) : std::nullopt;
  if (!value || *value == 0) return;
  if (*value > (known.unit == CounterUnit::Pages ? kMaxPages : kMaxBytes))
    return doubt_counter(kernel, counter, fmt::format("{:#x}", *value));
  counter.value = known.unit == CounterUnit::Pages ? *value * kPageBytes : *value;
  counter.source = fmt::format("{} by the debugger data", known.member);
}

void set_by_triage(Kernel& kernel) {
  constexpr std::uint32_t kVersion = 1, kBytes = 0x50;
  const auto& block = kernel.triage->memory_block;
  if (block.u32(0) != kVersion || block.u32(4) != kBytes || !kernel.header.is_64bit) return;
  for (const auto& [name, at] : kInTriage) {
    const auto pages = block.u64(at);
    auto& counter = counter_of(kernel, name);
    // Windows 10 leaves the block at zero.
    if (!pages || *pages == 0 || counter.value) continue;
    if (*pages > kMaxPages) {
      doubt_counter(kernel, counter, fmt::format("{:#x} pages", *pages));
      continue;
    }
    counter.value = *pages * kPageBytes;
    counter.source = "triage block";
  }
}

void set_physical_total(Kernel& kernel) {
  constexpr std::uint64_t kSharedData64 = 0xfffff78000000000, kSharedData32 = 0xffdf0000;
  constexpr std::uint64_t kPhysicalPages = 0x2e8;
  auto& counter = counter_of(kernel, "physical_total");
  if (counter.value) return;
  const auto shared = kernel.pick(kSharedData64, kSharedData32);
  const auto pages = kernel.read<std::uint32_t>(shared + kPhysicalPages);
  if (pages && *pages != 0) {
    counter.value = std::uint64_t{*pages} * kPageBytes;
    counter.source = "NumberOfPhysicalPages of the shared user data";
  } else if (kernel.header.pages != 0) {
    counter.value = kernel.header.pages * kPageBytes;
    counter.source = "memory runs of the dump header";
  }
}

}  // namespace

KernelCounter& counter_of(Kernel& kernel, std::string_view name) {
  auto& counters = kernel.state.counters;
  return *std::ranges::find(counters, name, &KernelCounter::name);
}

void read_counters(Kernel& kernel) {
  for (const auto& known : kKnown) {
    KernelCounter counter;
    counter.name = known.name;
    if (known.unit == CounterUnit::Count) counter.unit = KernelCounter::Unit::Count;
    set_by_debugger_data(kernel, known, counter);
    kernel.state.counters.push_back(std::move(counter));
  }
  if (kernel.triage != nullptr) set_by_triage(kernel);
  for (const auto& known : kKnown) set_by_symbols(kernel, known.name, known.member, known.unit);
  set_page_files_by_symbols(kernel);
  set_physical_total(kernel);
  check_symbol_counters(kernel);
}

}  // namespace vigil::kerneldump
