// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

constexpr std::uint64_t kMaxProcesses = 8192;
constexpr std::uint64_t kMaxThreadsOfOne = 16'384, kMaxThreads = 32'768;
constexpr std::uint64_t kNameBytes = 15;
constexpr std::uint64_t kMaxId = std::uint64_t{1} << 32;

/// A process or thread id: a pointer's width, of which 32 bits are used.
std::optional<std::uint32_t> id_at(Kernel& kernel, std::uint64_t base, std::uint64_t offset) {
  const auto value = kernel.pointer_field(base, offset);
  if (!value || *value >= kMaxId) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

std::optional<Timestamp> time_at(Kernel& kernel, std::uint64_t base, std::uint64_t offset) {
  const auto time = kernel.field<std::uint64_t>(base, offset);
  return time && *time != 0 ? std::optional(timestamp_from_filetime(*time)) : std::nullopt;
}

/// The threads of the process at \p address: by EPROCESS, and where that list breaks off or is not
/// known, by the one that KPROCESS has of them too.
std::vector<std::uint64_t> threads_of(Kernel& kernel, std::uint64_t address, std::uint64_t most) {
  const auto& layout = kernel.layout;
  std::vector<std::uint64_t> threads;
  const auto add = [&](std::uint64_t head, std::uint64_t links) {
    if (head == 0 || links == 0) return false;
    const auto list = read_list(kernel, address + head, most - threads.size());
    const std::set<std::uint64_t> known(threads.begin(), threads.end());
    for (const auto entry : list.entries)
      if (!known.contains(entry - links)) threads.push_back(entry - links);
    return list.complete;
  };
  if (!add(layout.thread_list, layout.thread_links))
    add(layout.base_thread_list, layout.base_thread_links);
  return threads;
}

void add_threads(Kernel& kernel, const snapshot::KernelProcess& process) {
  auto& threads = kernel.state.threads;
  if (threads.size() >= kMaxThreads) return;
  const auto most = std::min(kMaxThreadsOfOne, kMaxThreads - threads.size());
  for (const auto address : threads_of(kernel, process.address, most)) {
    auto thread = read_thread(kernel, address);
    // Small dumps have the links of some threads, and nothing else of them.
    if (!thread.tid && !thread.state) continue;
    thread.process = process.address;
    if (!thread.pid) thread.pid = process.pid;
    thread.image = process.image;
    threads.push_back(std::move(thread));
  }
}

/// Of the session that EPROCESS points to; sessions are numbered from 0 on.
std::optional<std::uint32_t> session_of(Kernel& kernel, std::uint64_t process) {
  constexpr std::uint64_t kIdAt = 8;
  constexpr std::uint32_t kMaxSession = 0x10000;
  const auto session = kernel.pointer_field(process, kernel.layout.session);
  if (!session || !kernel.is_kernel_address(*session)) return std::nullopt;
  const auto id = kernel.read<std::uint32_t>(*session + kIdAt);
  return id && *id < kMaxSession ? id : std::nullopt;
}

void walk_processes(Kernel& kernel) {
  auto& state = kernel.state;
  const auto list = read_list(kernel, state.process_list, kMaxProcesses);
  state.processes.reserve(list.entries.size());
  for (const auto links : list.entries)
    state.processes.push_back(read_process(kernel, links - kernel.layout.links));
  state.processes_are_complete = list.complete;
  if (!list.complete && !list.entries.empty() && kernel.has_pages()) {
    kernel.notes.note(
        fmt::format("processes: the list breaks off after {}", state.processes.size()));
  }
}

/// A process that is known by something else than the list, where that is not there or has it not.
void add_process(Kernel& kernel, std::uint64_t address) {
  auto& state = kernel.state;
  const bool known = std::ranges::any_of(
      state.processes, [address](const auto& process) { return process.address == address; });
  if (!kernel.is_kernel_address(address) || known || kernel.layout.pid == 0) return;
  auto process = read_process(kernel, address);
  if (process.pid || !process.image.empty()) state.processes.push_back(std::move(process));
}

/// The process or thread whose end the bugcheck is about.
void add_ended(Kernel& kernel) {
  const auto ended = snapshot::ended_object(kernel.header.bugcheck);
  if (!ended || !ended->is_thread) return add_process(kernel, ended ? ended->address : 0);
  const auto process = kernel.pointer_field(ended->address, kernel.layout.process).value_or(0);
  add_process(kernel, process);
}

/// The same thread, where it is no longer in its process's list.
void add_ended_thread(Kernel& kernel) {
  auto& state = kernel.state;
  const auto ended = snapshot::ended_object(kernel.header.bugcheck);
  if (!ended || !ended->is_thread || !kernel.is_kernel_address(ended->address)) return;
  const bool known = std::ranges::any_of(
      state.threads, [&](const auto& thread) { return thread.address == ended->address; });
  auto thread = read_thread(kernel, ended->address);
  if (known || (!thread.tid && !thread.state)) return;
  thread.process = kernel.pointer_field(ended->address, kernel.layout.process).value_or(0);
  for (const auto& process : state.processes) {
    if (process.address != thread.process) continue;
    thread.image = process.image;
    if (!thread.pid) thread.pid = process.pid;
  }
  state.threads.push_back(std::move(thread));
}

void add_running_threads(Kernel& kernel) {
  auto& state = kernel.state;
  std::map<std::uint64_t, std::size_t> by_address;
  for (std::size_t i = 0; i < state.threads.size(); ++i)
    by_address.emplace(state.threads[i].address, i);
  for (const auto& processor : state.processors) {
    if (!processor.current_thread || *processor.current_thread == 0) continue;
    const auto address = *processor.current_thread;
    auto found = by_address.find(address);
    if (found == by_address.end()) {
      // Idle threads are in no list.
      auto thread = read_thread(kernel, address);
      thread.process = kernel.pointer_field(address, kernel.layout.process).value_or(0);
      for (const auto& process : state.processes)
        if (process.address == thread.process) thread.image = process.image;
      if (processor.idle_thread == address) thread.image = "Idle";
      state.threads.push_back(std::move(thread));
      found = by_address.emplace(address, state.threads.size() - 1).first;
    }
    state.threads[found->second].processor = processor.number;
  }
}

}  // namespace

snapshot::KernelProcess read_process(Kernel& kernel, std::uint64_t address) {
  const auto& layout = kernel.layout;
  snapshot::KernelProcess process;
  process.address = address;
  process.pid = id_at(kernel, address, layout.pid);
  process.parent = id_at(kernel, address, layout.parent);
  if (layout.image != 0) process.image = kernel.ascii(address + layout.image, kNameBytes);
  process.threads = kernel.field<std::uint32_t>(address, layout.active_threads);
  process.session = session_of(kernel, address);
  process.create_time = time_at(kernel, address, layout.create_time);
  process.exit_time = time_at(kernel, address, layout.exit_time);
  // STATUS_PENDING while it lives.
  process.exit_status = kernel.field<std::uint32_t>(address, layout.exit_status);
  if (!process.exit_time) process.exit_status.reset();
  process.peb = kernel.pointer_field(address, layout.peb);
  if (process.peb == 0) process.peb.reset();
  process.directory_table = kernel.pointer_field(address, layout.directory_table);
  return process;
}

snapshot::KernelThread read_thread(Kernel& kernel, std::uint64_t address) {
  constexpr std::uint8_t kMaxPriority = 31, kWaiting = 5;
  const auto& layout = kernel.layout;
  snapshot::KernelThread thread;
  thread.address = address;
  thread.pid = id_at(kernel, address, layout.cid);
  if (layout.cid != 0) thread.tid = id_at(kernel, address, layout.cid + kernel.pointer_bytes());
  thread.state = kernel.field<std::uint8_t>(address, layout.state);
  if (thread.state == kWaiting)
    thread.wait_reason = kernel.field<std::uint8_t>(address, layout.wait_reason);
  thread.priority = kernel.field<std::uint8_t>(address, layout.priority);
  if (thread.priority > kMaxPriority) thread.priority.reset();
  thread.teb = kernel.pointer_field(address, layout.teb);
  if (thread.teb == 0) thread.teb.reset();
  thread.start_address = kernel.pointer_field(address, layout.start);
  if (thread.start_address == 0) thread.start_address.reset();
  thread.kernel_stack = kernel.pointer_field(address, layout.kernel_stack);
  thread.stack_base = kernel.pointer_field(address, layout.stack_base);
  thread.stack_limit = kernel.pointer_field(address, layout.stack_limit);
  thread.context_switches = kernel.field<std::uint32_t>(address, layout.context_switches);
  if (thread.state == kWaiting)
    thread.wait_ticks = kernel.field<std::uint32_t>(address, layout.wait_ticks);
  return thread;
}

void read_processes(Kernel& kernel) {
  if (kernel.layout.links != 0 && kernel.state.process_list != 0) walk_processes(kernel);
  add_process(kernel, kernel.state.current_process);
  add_ended(kernel);
  for (const auto& process : kernel.state.processes) add_threads(kernel, process);
  add_ended_thread(kernel);
  if (kernel.state.threads.size() >= kMaxThreads) {
    kernel.notes.note(fmt::format("threads: more than {}, and that is the limit", kMaxThreads));
  }
  add_running_threads(kernel);
}

}  // namespace vigil::kerneldump
