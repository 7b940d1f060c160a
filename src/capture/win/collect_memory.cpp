// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "capture/image_facts.h"
#include "capture/win/collect.h"

namespace vigil::capture {
namespace {

constexpr std::size_t kMaxRegions = 4'000'000;
constexpr std::uint32_t kMaxUnloadedModules = 1024;

/// RTL_UNLOAD_EVENT_TRACE of 64-bit Windows, as far as a dump has room for it.
struct UnloadEvent {
  std::uint64_t base;
  std::uint64_t size;
  std::uint32_t sequence;
  std::uint32_t timestamp;
  std::uint32_t checksum;
  std::array<char16_t, 32> name;
};

}  // namespace

std::vector<RegionRecord> collect_regions(const TargetProcess& process) {
  std::vector<RegionRecord> regions;
  std::uintptr_t address = 0;
  MEMORY_BASIC_INFORMATION info{};
  while (regions.size() < kMaxRegions &&
         ::VirtualQueryEx(process.handle(), reinterpret_cast<const void*>(address), &info,
                          sizeof(info)) != 0) {
    const auto base = reinterpret_cast<std::uintptr_t>(info.BaseAddress);
    regions.push_back({.base = base,
                       .size = info.RegionSize,
                       .allocation_base = reinterpret_cast<std::uintptr_t>(info.AllocationBase),
                       .allocation_protect = info.AllocationProtect,
                       .state = info.State,
                       .protect = info.Protect,
                       .type = info.Type});
    const auto next = base + info.RegionSize;
    if (next <= address) break;
    address = next;
  }
  return regions;
}

std::vector<ModuleRecord> collect_modules(const TargetProcess& process,
                                          TargetMemory& memory,
                                          const std::vector<ModuleRecord>& known) {
  auto modules = read_loader_list(memory, process.peb());
  for (auto& module : modules) {
    const auto same = std::ranges::find_if(known, [&](const ModuleRecord& other) {
      return other.base == module.base && other.size == module.size && other.path == module.path;
    });
    if (same != known.end()) {
      module = *same;
    } else {
      read_image_facts(memory, module);
    }
  }
  return modules;
}

std::vector<UnloadedModuleRecord> collect_unloaded_modules(const Nt& nt, TargetMemory& memory) {
  if (nt.get_unload_event_trace == nullptr) return {};
  ULONG* element_size = nullptr;
  ULONG* element_count = nullptr;
  void* trace = nullptr;
  nt.get_unload_event_trace(&element_size, &element_count, &trace);
  if (element_size == nullptr || element_count == nullptr || trace == nullptr) return {};
  // ntdll lies at the same place in every process of one boot, so our pointer to its variable is
  // good there.
  const auto array = memory.read_value<std::uint64_t>(reinterpret_cast<std::uintptr_t>(trace));
  if (!array || *array == 0 || *element_size < sizeof(UnloadEvent)) return {};
  std::vector<UnloadedModuleRecord> modules;
  for (std::uint64_t i = 0; i < std::min<std::uint32_t>(*element_count, kMaxUnloadedModules); ++i) {
    const auto event = memory.read_value<UnloadEvent>(*array + i * *element_size);
    if (!event || event->base == 0) continue;
    const auto end = std::ranges::find(event->name, u'\0');
    modules.push_back({.base = event->base,
                       .size = static_cast<std::uint32_t>(event->size),
                       .checksum = event->checksum,
                       .timestamp = event->timestamp,
                       .name = std::u16string(event->name.begin(), end)});
  }
  return modules;
}

}  // namespace vigil::capture
