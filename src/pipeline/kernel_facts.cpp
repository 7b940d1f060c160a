// SPDX-License-Identifier: Apache-2.0
#include "pipeline/kernel_facts.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "analysis/analysis.h"

namespace vigil::pipeline {
namespace {

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

std::string_view source_name(snapshot::FaultSource source) {
  switch (source) {
    case snapshot::FaultSource::None: return "";
    case snapshot::FaultSource::ContextRecord: return "context_record";
    case snapshot::FaultSource::TrapFrame: return "trap_frame";
    case snapshot::FaultSource::FoundFrame: return "found_frame";
  }
  return "";
}

report::Bugcheck bugcheck_of(const snapshot::KernelState& from) {
  report::Bugcheck to;
  to.code = from.bugcheck.code;
  const auto text = analysis::bugcheck_text(from.bugcheck);
  to.name = text.name;
  to.meaning = text.meaning;
  for (std::size_t i = 0; i < from.bugcheck.parameters.size(); ++i)
    to.parameters.push_back({from.bugcheck.parameters[i], text.parameters[i]});
  to.fault_source = source_name(from.fault_source);
  to.fault_frame = from.fault_frame;
  return to;
}

void add_processors(const snapshot::KernelState& from, TextBudget& budget, report::Kernel& to) {
  for (const auto& processor : from.processors) {
    auto& out = to.processors.emplace_back();
    out.number = processor.number;
    out.stopped_machine = processor.stopped_machine;
    out.prcb = processor.prcb;
    out.current_thread = processor.current_thread;
    out.next_thread = processor.next_thread;
    out.idle_thread = processor.idle_thread;
    out.idle = processor.current_thread && processor.current_thread == processor.idle_thread;
    out.mhz = processor.mhz;
    out.vendor = budget.take(processor.vendor);
    out.family = processor.family;
    out.model = processor.model;
    out.stepping = processor.stepping;
    out.irql = processor.irql;
    out.irql_source = processor.irql_source;
    const auto thread = std::ranges::find(from.threads, processor.current_thread.value_or(0),
                                          &snapshot::KernelThread::address);
    if (thread == from.threads.end()) continue;
    out.pid = thread->pid;
    out.thread_id = thread->tid;
    out.image = budget.take(thread->image);
  }
}

void add_processes(const snapshot::KernelState& from,
                   TextBudget& budget,
                   report::Report& report,
                   report::Kernel& to) {
  const auto count =
      within(from.processes.size(), report::kMaxKernelProcesses, "processes", report);
  to.processes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& process = from.processes[i];
    auto& out = to.processes.emplace_back();
    out.address = process.address;
    out.pid = process.pid;
    out.parent = process.parent;
    out.image = budget.take(process.image);
    out.threads = process.threads;
    out.session = process.session;
    out.exit_status = process.exit_status;
    out.create_time = process.create_time;
    out.exit_time = process.exit_time;
    out.peb = process.peb;
    out.directory_table = process.directory_table;
  }
  to.processes_are_complete = from.processes_are_complete && count == from.processes.size();
}

void add_threads(const snapshot::KernelState& from,
                 TextBudget& budget,
                 report::Report& report,
                 report::Kernel& to) {
  const auto count = within(from.threads.size(), report::kMaxKernelThreads, "threads", report);
  to.threads.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& thread = from.threads[i];
    auto& out = to.threads.emplace_back();
    out.address = thread.address;
    out.pid = thread.pid;
    out.thread_id = thread.tid;
    out.image = budget.take(thread.image);
    if (thread.state) out.state = snapshot::thread_state_name(*thread.state);
    if (thread.wait_reason) out.wait_reason = snapshot::wait_reason_name(*thread.wait_reason);
    if (thread.priority) out.priority = *thread.priority;
    out.context_switches = thread.context_switches;
    out.processor = thread.processor;
    out.wait_ticks = thread.wait_ticks;
    out.teb = thread.teb;
    out.start_address = thread.start_address;
    out.kernel_stack = thread.kernel_stack;
    out.stack_base = thread.stack_base;
    out.stack_limit = thread.stack_limit;
  }
}

std::optional<report::ListEnds> ends_of(const std::optional<snapshot::ListEnds>& list) {
  if (!list) return std::nullopt;
  return report::ListEnds{list->first, list->last};
}

report::ProcessEnvironment environment_of(const snapshot::ProcessEnvironment& peb,
                                          TextBudget& budget) {
  report::ProcessEnvironment out;
  out.address = peb.address;
  out.inherited_address_space = peb.inherited_address_space;
  out.read_image_options = peb.read_image_options;
  out.being_debugged = peb.being_debugged;
  out.image_base = peb.image_base;
  out.loader_data = peb.loader_data;
  out.loader_initialized = peb.loader_initialized;
  out.load_order = ends_of(peb.load_order);
  out.memory_order = ends_of(peb.memory_order);
  out.initialization_order = ends_of(peb.initialization_order);
  out.parameters = peb.parameters;
  out.subsystem_data = peb.subsystem_data;
  out.heap = peb.heap;
  out.global_flags = peb.global_flags;
  out.session = peb.session;
  out.processors = peb.processors;
  out.image_path = budget.take(peb.image_path);
  out.command_line = budget.take(peb.command_line);
  out.current_directory = budget.take(peb.current_directory);
  out.window_title = budget.take(peb.window_title);
  out.desktop = budget.take(peb.desktop);
  out.dll_path = budget.take(peb.dll_path);
  out.lost_texts = peb.lost_texts;
  for (const auto& module : peb.modules) {
    if (out.modules.size() == report::kMaxUserModules) break;
    out.modules.push_back({module.base, module.size, module.timestamp, budget.take(module.path)});
  }
  return out;
}

report::ThreadEnvironment environment_of(const snapshot::ThreadEnvironment& teb) {
  report::ThreadEnvironment out;
  out.address = teb.address;
  out.exception_list = teb.exception_list;
  out.stack_base = teb.stack_base;
  out.stack_limit = teb.stack_limit;
  out.subsystem_tib = teb.subsystem_tib;
  out.fiber_data = teb.fiber_data;
  out.arbitrary_user_pointer = teb.arbitrary_user_pointer;
  out.self = teb.self;
  out.environment_pointer = teb.environment_pointer;
  out.rpc_handle = teb.rpc_handle;
  out.tls = teb.tls;
  out.peb = teb.peb;
  out.pid = teb.pid;
  out.thread_id = teb.tid;
  out.last_error = teb.last_error;
  out.last_status = teb.last_status;
  out.owned_critical_sections = teb.owned_critical_sections;
  out.hard_error_mode = teb.hard_error_mode;
  return out;
}

void add_environment(const snapshot::KernelState& from, TextBudget& budget, report::Kernel& to) {
  if (from.peb) to.peb = environment_of(*from.peb, budget);
  if (from.teb) to.teb = environment_of(*from.teb);
}

std::optional<std::uint64_t> value_of(const snapshot::KernelState& kernel, std::string_view name) {
  const auto found = std::ranges::find(kernel.counters, name, &snapshot::KernelCounter::name);
  return found == kernel.counters.end() ? std::nullopt : found->value;
}

/// Less than a fiftieth of the memory, or of what may be committed, was left.
bool is_low(std::uint64_t left, std::uint64_t of) {
  constexpr std::uint64_t kFiftieth = 50;
  return of != 0 && left < of / kFiftieth;
}

void add_counters(const snapshot::KernelState& from, report::Report& report, report::Kernel& to) {
  for (const auto& counter : from.counters) {
    auto& out = to.counters.emplace_back();
    out.name = counter.name;
    out.source = counter.source;
    const bool count = counter.unit == snapshot::KernelCounter::Unit::Count;
    (count ? out.count : out.bytes) = counter.value;
  }
  auto& memory = report.memory;
  memory.physical_total = value_of(from, "physical_total");
  memory.physical_available = value_of(from, "available");
  memory.system_commit = value_of(from, "commit");
  memory.system_commit_limit = value_of(from, "commit_limit");
  memory.system_peak_commit = value_of(from, "commit_peak");
  if (memory.physical_available && memory.physical_total)
    to.low_memory = is_low(*memory.physical_available, *memory.physical_total);
  // Of small dumps only the limit is there that page files may still grow to.
  const auto limit = memory.system_commit_limit ? memory.system_commit_limit
                                                : value_of(from, "commit_limit_maximum");
  if (memory.system_commit && limit) {
    const auto left = *limit - std::min(*memory.system_commit, *limit);
    to.low_memory = to.low_memory || is_low(left, *limit);
  }
}

/// The process that was current: a report calls it the process.
void add_current(const snapshot::KernelState& from, TextBudget& budget, report::Report& report) {
  report.process.name.clear();
  report.process.uptime.reset();
  for (const auto& process : from.processes) {
    if (process.address != from.current_process) continue;
    report.process.name = budget.take(process.image);
    if (process.create_time && report.dump_time >= *process.create_time)
      report.process.uptime = report.dump_time - *process.create_time;
  }
}

}  // namespace

void add_kernel_facts(const snapshot::Snapshot& snapshot,
                      TextBudget& budget,
                      report::Report& report) {
  const auto& from = *snapshot.kernel;
  auto& to = report.kernel.emplace();
  to.bugcheck = bugcheck_of(from);
  to.dump_type = from.dump_type;
  to.attributes = from.attributes;
  to.live = from.live;
  to.checked_build = from.checked_build;
  to.writer = from.writer;
  to.translation = from.translation;
  to.offsets = from.offsets;
  to.uptime = from.uptime;
  to.boot_time = from.boot_time;
  to.directory_table = from.directory_table;
  to.kernel_base = from.kernel_base;
  to.debugger_data = from.debugger_data;
  to.present_pages = from.present_pages;
  to.missing_bytes = from.missing_bytes;
  add_processors(from, budget, to);
  add_processes(from, budget, report, to);
  add_threads(from, budget, report, to);
  add_counters(from, report, to);
  add_environment(from, budget, to);
  if (const auto& request = from.request) {
    to.request = report::KernelRequest{request->address,        request->device,
                                       request->driver_object,  budget.take(request->driver_name),
                                       request->major_function, request->minor_function};
  }
  add_current(from, budget, report);
  for (std::size_t i = 0; i < report.modules.size(); ++i) {
    report.modules[i].third_party = !analysis::is_windows_driver(snapshot.modules[i]);
    report.modules[i].reproducible = snapshot.modules[i].reproducible;
  }
}

}  // namespace vigil::pipeline
