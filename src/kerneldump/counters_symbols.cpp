// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>

#include "kerneldump/counters.h"

/// Figures of the machine's memory by the symbols of its kernel: from Windows 10 on its debugger
/// data leads to few of them.
namespace vigil::kerneldump {
namespace {

using snapshot::KernelCounter;

enum class Way : std::uint8_t { Direct, ByPointer };
struct Figure {
  std::string_view name, global;
  Way way;
  std::string_view type, path;
  CounterUnit unit;
};
constexpr Figure kFigures[] = {
#define VIGIL_KERNEL_FIGURE(name, global, way, type, path, unit) \
  {#name, #global, Way::way, #type, path, CounterUnit::unit},
#include "kerneldump/symbol_counters.inc"
#undef VIGIL_KERNEL_FIGURE
};
constexpr std::string_view kBySymbols = " by symbols";
constexpr std::uint64_t kMaxPageFiles = 16;

/// The number of \p size bytes at \p address.
std::optional<std::uint64_t> number_at(Kernel& kernel, std::uint64_t address, std::uint64_t size) {
  if (size == sizeof(std::uint64_t)) return kernel.read<std::uint64_t>(address);
  if (size != sizeof(std::uint32_t)) return std::nullopt;
  const auto value = kernel.read<std::uint32_t>(address);
  // Some of 32 bits have a sign, and none comes near it.
  constexpr std::uint32_t kNegative = 0x8000'0000;
  if (!value || *value >= kNegative) return std::nullopt;
  return std::uint64_t{*value};
}

/// What symbols say of where a figure is; none: they do not know it.
struct Place {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
};
std::optional<Place> place_of(Kernel& kernel, const Figure& figure) {
  auto base = kernel.global(figure.global);
  const auto field = base ? kernel.symbols->field(figure.type, figure.path) : std::nullopt;
  if (!field) return std::nullopt;
  if (figure.way == Way::ByPointer) base = kernel.pointer(*base);
  if (!base || !kernel.is_kernel_address(*base)) return std::nullopt;
  return Place{*base + field->offset, field->size};
}

void take(KernelCounter& counter,
          std::optional<std::uint64_t> value,
          CounterUnit unit,
          std::string source) {
  const bool of_page_files = counter.name.starts_with("page_file");
  const auto most = unit == CounterUnit::Bytes   ? kMaxPages * kPageBytes
                    : unit == CounterUnit::Pages ? kMaxPages
                                                 : kMaxPageFiles;
  // Nothing but the page files can be none at all.
  if (!value || *value > most || (*value == 0 && !of_page_files)) return;
  counter.value = unit == CounterUnit::Pages ? *value * kPageBytes : *value;
  counter.source = std::move(source) + std::string(kBySymbols);
}

bool is_by_symbols(const KernelCounter& counter) {
  return counter.value && counter.source.ends_with(kBySymbols);
}

}  // namespace

void set_by_symbols(Kernel& kernel,
                    std::string_view name,
                    std::string_view member,
                    CounterUnit unit) {
  auto& counter = counter_of(kernel, name);
  if (kernel.symbols == nullptr || counter.value) return;
  for (const auto& figure : kFigures) {
    if (figure.name != name) continue;
    const auto place = place_of(kernel, figure);
    if (!place) continue;
    const auto dot = figure.way == Way::ByPointer ? "->" : ".";
    take(counter, number_at(kernel, place->address, place->size), figure.unit,
         fmt::format("{}{}{}", figure.global, dot, figure.path));
    if (counter.value) return;
  }
  const auto address = member.empty() ? std::nullopt : kernel.global(member);
  const auto size = unit == CounterUnit::Count ? sizeof(std::uint32_t) : kernel.pointer_bytes();
  if (address) take(counter, number_at(kernel, *address, size), unit, std::string(member));
}

void set_page_files_by_symbols(Kernel& kernel) {
  const auto& files = counter_of(kernel, "page_files");
  if (kernel.symbols == nullptr || !files.value || *files.value > kMaxPageFiles) return;
  const auto partition = kernel.global("MiSystemPartition");
  const auto size = kernel.symbols->field("_MMPAGING_FILE", "Size");
  const auto free = kernel.symbols->field("_MMPAGING_FILE", "FreeSpace");
  if (!partition || !size || !free) return;
  std::uint64_t pages = 0, free_pages = 0;
  for (std::uint64_t i = 0; i < *files.value; ++i) {
    const auto slot = kernel.symbols->field("_MI_PARTITION", fmt::format("Vp.PagingFile[{}]", i));
    const auto file = slot ? kernel.pointer(*partition + slot->offset) : std::nullopt;
    if (!file || !kernel.is_kernel_address(*file)) return;
    const auto all = number_at(kernel, *file + size->offset, size->size);
    const auto unused = number_at(kernel, *file + free->offset, free->size);
    if (!all || !unused || *all > kMaxPages || *unused > *all) return;
    pages += *all;
    free_pages += *unused;
  }
  take(counter_of(kernel, "page_file_size"), pages * kPageBytes, CounterUnit::Bytes,
       "_MMPAGING_FILE.Size");
  take(counter_of(kernel, "page_file_free"), free_pages * kPageBytes, CounterUnit::Bytes,
       "_MMPAGING_FILE.FreeSpace");
}

void check_symbol_counters(Kernel& kernel) {
  struct Order {
    std::string_view less, more;
  };
  constexpr Order kOrders[] = {
      {"available", "physical_total"},
      {"resident_available", "physical_total"},
      {"commit", "commit_limit"},
      {"commit", "commit_peak"},
      {"commit_limit", "commit_limit_maximum"},
      {"nonpaged_pool", "nonpaged_pool_maximum"},
      {"paged_pool", "paged_pool_maximum"},
  };
  for (const auto& [less, more] : kOrders) {
    auto& low = counter_of(kernel, less);
    auto& high = counter_of(kernel, more);
    if (!low.value || !high.value || *low.value <= *high.value) continue;
    for (auto* counter : {&low, &high}) {
      if (!is_by_symbols(*counter)) continue;
      kernel.notes.note(fmt::format("memory: {} is not taken: {} would be more than {}",
                                    counter->source, less, more));
      counter->value.reset();
      counter->source.clear();
    }
  }
}

}  // namespace vigil::kerneldump
