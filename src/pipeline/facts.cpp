// SPDX-License-Identifier: Apache-2.0
#include "pipeline/facts.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::pipeline {
namespace {

constexpr std::size_t kMaxCommentBytes = 8 * 1024;

std::string_view os_name(snapshot::Os os) {
  switch (os) {
    case snapshot::Os::Windows: return "Windows";
    case snapshot::Os::Linux: return "Linux";
    case snapshot::Os::Android: return "Android";
    case snapshot::Os::MacOs: return "macOS";
    case snapshot::Os::Ios: return "iOS";
    case snapshot::Os::Unknown:
    case snapshot::Os::Other: break;
  }
  return {};
}

/// `6.1.7601 Service Pack 1`; on other systems than Windows only their own words.
std::string os_version(const snapshot::SystemInfo& info, TextBudget& budget) {
  auto words = budget.take(info.service_pack);
  const bool numbered = info.os_major != 0 || info.os_minor != 0 || info.os_build != 0;
  if (!numbered) return words;
  const auto number = fmt::format("{}.{}.{}", info.os_major, info.os_minor, info.os_build);
  return words.empty() ? number : number + " " + words;
}

report::System system_of(const snapshot::SystemInfo& info, TextBudget& budget) {
  report::System system;
  system.os = os_name(info.os);
  system.os_version = os_version(info, budget);
  system.cpu = snapshot::to_string(info.cpu);
  system.cpu_count = info.processor_count;
  system.cpu_mhz = info.max_mhz;
  const bool known = info.cpu_family != 0 || !info.cpu_vendor.empty();
  if (!known) return system;
  system.cpu_info = fmt::format("{}{}family {} model {} stepping {}", budget.take(info.cpu_vendor),
                                info.cpu_vendor.empty() ? "" : " ", info.cpu_family, info.cpu_model,
                                info.cpu_stepping);
  return system;
}

report::Process process_of(const snapshot::Snapshot& snapshot, TextBudget& budget) {
  report::Process process;
  if (snapshot.process.pid) process.pid = snapshot.process.pid->value;
  if (!snapshot.modules.empty()) process.name = budget.take(snapshot.modules.front().name());
  process.create_time = snapshot.process.create_time;
  const bool both = process.create_time && snapshot.written != Timestamp{};
  if (both && snapshot.written >= *process.create_time)
    process.uptime = snapshot.written - *process.create_time;
  return process;
}

/// How many of \p count items a report takes; the rest is told of.
std::size_t within(std::size_t count,
                   std::size_t limit,
                   std::string_view what,
                   report::Report& report) {
  if (count <= limit) return count;
  report.diagnostics.push_back(
      fmt::format("{} {} of {} are left out of the report", count - limit, what, count));
  return limit;
}

void add_modules(const snapshot::Snapshot& snapshot, TextBudget& budget, report::Report& report) {
  const auto loaded = within(snapshot.modules.size(), report::kMaxModules, "modules", report);
  for (std::size_t i = 0; i < loaded; ++i) {
    const auto& from = snapshot.modules[i];
    auto& to = report.modules.emplace_back();
    to.base = from.base;
    to.size = from.size;
    to.path = budget.take(from.path);
    to.version = budget.take(from.version);
    to.code_id = from.code_id();
    // The folder is the build machine's business.
    to.debug_file = budget.take(windows_file_name(from.debug_file));
    to.debug_id = budget.take(from.debug_id);
  }
  const auto unloaded =
      within(snapshot.unloaded_modules.size(), report::kMaxModules, "unloaded modules", report);
  for (std::size_t i = 0; i < unloaded; ++i) {
    const auto& from = snapshot.unloaded_modules[i];
    report.unloaded_modules.push_back(
        {from.base, from.size, budget.take(windows_file_name(from.name))});
  }
}

/// Sizes in a damaged dump may be anything.
void add_saturated(std::uint64_t& sum, std::uint64_t size) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  sum = size > kMax - sum ? kMax : sum + size;
}

}  // namespace

report::MemorySummary summarize_memory(const snapshot::Snapshot& snapshot) {
  constexpr std::uint32_t kCommit = 0x1000, kReserve = 0x2000;
  constexpr std::uint32_t kPrivate = 0x20000, kMapped = 0x40000, kImage = 0x1000000;
  report::MemorySummary memory;
  memory.captured_bytes = snapshot.captured_bytes;
  memory.regions = snapshot.regions.size();
  for (const auto& region : snapshot.regions) {
    const auto size = region.range.size;
    if (region.state == kReserve) add_saturated(memory.reserved_bytes, size);
    if (region.state != kCommit) continue;
    add_saturated(memory.committed_bytes, size);
    if (region.type == kPrivate) add_saturated(memory.private_bytes, size);
    if (region.type == kMapped) add_saturated(memory.mapped_bytes, size);
    if (region.type == kImage) add_saturated(memory.image_bytes, size);
  }
  return memory;
}

void add_facts(const snapshot::Snapshot& snapshot, TextBudget& budget, report::Report& report) {
  report.dump_format = snapshot.format;
  report.dump_time = snapshot.written;
  report.comment = budget.take(snapshot.comment, kMaxCommentBytes);
  report.system = system_of(snapshot.system, budget);
  report.process = process_of(snapshot, budget);
  report.memory = summarize_memory(snapshot);
  const auto streams = within(snapshot.streams.size(), report::kMaxTexts, "streams", report);
  for (std::size_t i = 0; i < streams; ++i) {
    const auto& stream = snapshot.streams[i];
    report.streams.push_back(stream.name.empty() ? fmt::format("{:#010x}", stream.type)
                                                 : stream.name);
  }
  add_modules(snapshot, budget, report);
}

}  // namespace vigil::pipeline
