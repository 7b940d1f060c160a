// SPDX-License-Identifier: Apache-2.0
#include "pipeline/facts.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "base/utf.h"
#include "pipeline/system_facts.h"

namespace vigil::pipeline {
namespace {

constexpr std::size_t kMaxCommentBytes = 8 * 1024;

/// The levels have names; what lies between two of them has a number.
std::string integrity_name(std::uint32_t level) {
  switch (level) {
    case 0x0000: return "untrusted";
    case 0x1000: return "low";
    case 0x2000: return "medium";
    case 0x3000: return "high";
    case 0x4000: return "system";
    case 0x5000: return "protected";
    default: return fmt::format("{:#x}", level);
  }
}

report::ProcessMemory process_memory_of(const snapshot::ProcessMemory& from) {
  report::ProcessMemory to;
  to.page_faults = from.page_faults;
  to.working_set = from.working_set;
  to.peak_working_set = from.peak_working_set;
  to.private_working_set = from.private_working_set;
  to.private_usage = from.private_usage;
  to.pagefile = from.pagefile;
  to.peak_pagefile = from.peak_pagefile;
  to.virtual_size = from.virtual_size;
  to.peak_virtual_size = from.peak_virtual_size;
  to.paged_pool = from.paged_pool;
  to.non_paged_pool = from.non_paged_pool;
  to.shared_commit = from.shared_commit;
  to.job_commit = from.job_commit;
  to.job_peak_commit = from.job_peak_commit;
  to.job_commit_limit = from.job_commit_limit;
  return to;
}

report::Process process_of(const snapshot::Snapshot& snapshot, TextBudget& budget) {
  report::Process process;
  if (snapshot.process.pid) process.pid = snapshot.process.pid->value;
  if (!snapshot.modules.empty()) process.name = budget.take(snapshot.modules.front().name());
  process.create_time = snapshot.process.create_time;
  const bool both = process.create_time && snapshot.written != Timestamp{};
  if (both && snapshot.written >= *process.create_time)
    process.uptime = snapshot.written - *process.create_time;
  if (snapshot.process.integrity_level)
    process.integrity = integrity_name(*snapshot.process.integrity_level);
  process.is_protected = snapshot.process.is_protected;
  process.wow64 = snapshot.process.wow64;
  process.user_time = snapshot.process.user_time;
  process.kernel_time = snapshot.process.kernel_time;
  if (snapshot.process_memory) process.memory = process_memory_of(*snapshot.process_memory);
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

/// How many handles there are of each type, the most frequent first.
std::vector<report::HandleCount> count_types(const snapshot::Handles& handles, TextBudget& budget) {
  std::vector<std::uint64_t> counts(handles.types.size() + 1);  // the last: of no type
  for (const auto& handle : handles.list)
    ++counts[std::min<std::size_t>(handle.type, handles.types.size())];
  std::vector<report::HandleCount> types;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    types.push_back({i < handles.types.size() ? budget.take(handles.types[i]) : "", counts[i]});
  }
  std::ranges::sort(types, [](const auto& a, const auto& b) {
    return std::tie(b.count, a.type) < std::tie(a.count, b.type);
  });
  if (types.size() > report::kMaxHandles) types.resize(report::kMaxHandles);
  return types;
}

/// The mutants that somebody holds. The names of all others are nobody's business.
void add_handles(const snapshot::Handles& handles, TextBudget& budget, report::Report& report) {
  if (handles.total == 0 && handles.operations == 0) return;
  auto& summary = report.handle_summary.emplace();
  summary.count = handles.total;
  summary.types = count_types(handles, budget);
  summary.operations = handles.operations;
  std::vector<const snapshot::Handle*> held;
  for (const auto& handle : handles.list) {
    if (handle.object == snapshot::Handle::kNone) continue;
    const auto& object = handles.objects[handle.object];
    if (object.is_owned_mutant() || object.abandoned) held.push_back(&handle);
  }
  held.resize(within(held.size(), report::kMaxHandles, "held mutexes", report));
  for (const auto* handle : held) {
    const auto& object = handles.objects[handle->object];
    auto& to = report.handles.emplace_back();
    to.handle = handle->value;
    if (handle->type != snapshot::Handle::kNone) to.type = budget.take(handles.types[handle->type]);
    to.name = budget.take(object.name);
    if (object.process) to.owner_process = object.process->value;
    if (object.thread) to.owner_thread = object.thread->value;
    to.abandoned = object.abandoned;
  }
}

std::vector<report::Annotation> annotations_of(const snapshot::Crashpad::Annotations& from,
                                               TextBudget& budget,
                                               report::Report& report) {
  std::vector<report::Annotation> to(
      within(from.size(), report::kMaxAnnotations, "annotations", report));
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] = {budget.take(from[i].first), budget.take(from[i].second)};
  return to;
}

void add_crashpad(const snapshot::Snapshot& snapshot, TextBudget& budget, report::Report& report) {
  if (!snapshot.crashpad) return;
  const auto& from = *snapshot.crashpad;
  auto& to = report.crashpad.emplace();
  to.report_id = from.report_id;
  to.client_id = from.client_id;
  to.annotations = annotations_of(from.annotations, budget, report);
  const auto count =
      within(from.modules.size(), report::kMaxAnnotations, "annotated modules", report);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& module = from.modules[i];
    auto& added = to.modules.emplace_back();
    if (module.index < snapshot.modules.size())
      added.module = budget.take(snapshot.modules[module.index].name());
    const auto texts = within(module.texts.size(), report::kMaxTexts, "annotations", report);
    for (std::size_t t = 0; t < texts; ++t) added.texts.push_back(budget.take(module.texts[t]));
    added.annotations = annotations_of(module.annotations, budget, report);
  }
}

void add_assertion(const snapshot::Snapshot& snapshot, TextBudget& budget, report::Report& report) {
  if (!snapshot.assertion) return;
  const auto& from = *snapshot.assertion;
  auto& to = report.assertion.emplace();
  switch (from.kind) {
    case snapshot::Assertion::Kind::Unknown: to.kind = "unknown"; break;
    case snapshot::Assertion::Kind::InvalidParameter: to.kind = "invalid_parameter"; break;
    case snapshot::Assertion::Kind::PureVirtualCall: to.kind = "pure_virtual_call"; break;
  }
  to.expression = budget.take(from.expression);
  to.function = budget.take(from.function);
  to.file = budget.take(from.file);
  to.line = from.line;
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
  if (!snapshot.system_memory) return memory;
  const auto& system = *snapshot.system_memory;
  memory.physical_total = system.physical_total;
  memory.physical_available = system.physical_available;
  memory.file_cache = system.file_cache;
  memory.system_commit = system.commit;
  memory.system_commit_limit = system.commit_limit;
  memory.system_peak_commit = system.peak_commit;
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
  add_handles(snapshot.handles, budget, report);
  add_crashpad(snapshot, budget, report);
  add_assertion(snapshot, budget, report);
}

}  // namespace vigil::pipeline
