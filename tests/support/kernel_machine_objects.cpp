// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_builder.h"

/// Processes and threads: the EPROCESS and ETHREAD of each, in their lists, and kernel stacks.
namespace vigil::test {
namespace {

constexpr std::uint8_t kRunning = 2, kStandby = 3, kWaiting = 5;
constexpr std::uint8_t kDelayExecution = 4, kUserRequest = 6, kWrQueue = 15;
constexpr std::uint64_t kInitialStackGap = 0x50;
constexpr std::uint64_t kTicksASecond = 10'000'000;

struct ProcessSpec {
  std::uint32_t pid = 0, parent = 0, session = 0;
  std::string image{}, path{};
  std::uint8_t protection = 0;
};

std::string image_name(const std::string& image) {
  auto name = image.substr(0, 14);
  name.resize(15, '\0');
  return name;
}

void write_list_head(AddressSpace& space, std::uint64_t head) {
  space.write_u64(head, head);
  space.write_u64(head + 8, head);
}

std::uint64_t session_of(MachineParts& parts, std::uint32_t session) {
  const auto address = parts.pool(0x40);
  parts.space.write_u32(address, 1);
  parts.space.write_u32(address + 8, session);
  return address;
}

/// The object without its lists.
ProcessTruth make_process(MachineParts& parts,
                          const ProcessSpec& spec,
                          const AddressSpace& tables) {
  const auto& layout = parts.layout;
  auto& space = parts.space;
  ProcessTruth truth{.address = parts.pool(layout.eprocess_size),
                     .pid = spec.pid,
                     .parent_pid = spec.parent,
                     .session = spec.session,
                     .image = spec.image.substr(0, 14),
                     .image_path = spec.path,
                     .create_time = kSystemTime - kUptime + kTicksASecond * (1 + spec.pid),
                     .directory_table = tables.root(),
                     .protection = spec.protection};
  const auto at = truth.address;
  space.write_u8(at, 3);
  for (const std::uint64_t head : {0x08u, 0x18u, 0x30u}) write_list_head(space, at + head);
  space.write_u64(at + 0x28, tables.root());
  if (layout.user_directory != 0) space.write_u64(at + layout.user_directory, 1);
  space.write_u64(at + layout.pid, spec.pid);
  space.write_u64(at + layout.parent, spec.parent);
  space.write_u64(at + layout.process_create, truth.create_time);
  space.write_u64(at + layout.token, parts.pool(0x40, true) | 7);
  space.write_u64(at + layout.object_table, parts.pool(0x40, true));
  space.write(at + layout.image_name, image_name(spec.image));
  space.write_u32(at + layout.exit_status, truth.exit_status);
  space.write_u8(at + layout.protection, spec.protection);
  write_list_head(space, at + layout.thread_list);
  if (spec.pid > 4) space.write_u64(at + layout.session, session_of(parts, spec.session));
  if (!spec.path.empty()) {
    const auto name = parts.pool(0x10, true);
    parts.unicode_string(name, spec.path);
    space.write_u64(at + layout.audit_name, name);
  }
  return truth;
}

struct ThreadSpec {
  std::uint32_t tid = 0;
  std::uint8_t state = kWaiting;
  std::uint8_t wait_reason = kUserRequest;
  std::uint8_t priority = 8;
};

/// The object without its lists; the stack is written by others.
ThreadTruth& add_thread(MachineParts& parts, ProcessTruth& process, const ThreadSpec& spec) {
  const auto& layout = parts.layout;
  auto& space = parts.space;
  const bool system = process.pid <= 4;
  const auto base = parts.kernel_stack();
  ThreadTruth truth{.address = parts.pool(layout.ethread_size),
                    .process = process.address,
                    .pid = process.pid,
                    .tid = spec.tid,
                    .state = spec.state,
                    .wait_reason = spec.wait_reason,
                    .priority = spec.priority,
                    .stack_base = base,
                    .stack_limit = base - kKernelStackBytes,
                    .start_address = system ? parts.nt.at("ExpWorkerThread").address
                                            : parts.ntdll.at("RtlUserThreadStart").address,
                    .win32_start_address = system ? parts.nt.at("ExpWorkerThread").address
                                                  : parts.application.at("mainCRTStartup").address,
                    .create_time = process.create_time + kTicksASecond * (spec.tid % 60),
                    .context_switches = 100 + spec.tid,
                    .kernel_time = 3 + spec.tid % 7,
                    .user_time = system ? 0 : 5 + spec.tid % 5};
  const auto at = truth.address;
  space.write_u8(at, 6);
  for (const std::uint64_t head : {0x08u, 0x98u, 0xa8u, 0x308u}) write_list_head(space, at + head);
  space.write_u64(at + 0x28, base - kInitialStackGap);
  space.write_u64(at + 0x30, truth.stack_limit);
  space.write_u64(at + 0x38, base);
  space.write_u8(at + 0x71, spec.state == kRunning ? 1 : 0);
  space.write_u64(at + 0xb8, process.address);
  space.write_u8(at + 0xc3, spec.priority);
  space.write_u32(at + 0x154, truth.context_switches);
  space.write_u8(at + 0x184, spec.state);
  space.write_u8(at + 0x187, system ? 0 : 1);
  space.write_u32(at + 0x1b4, 0x4000 + spec.tid);
  space.write_u64(at + 0x220, process.address);
  space.write_u8(at + 0x283, spec.wait_reason);
  space.write_u32(at + 0x28c, truth.kernel_time);
  space.write_u32(at + 0x2dc, truth.user_time);
  space.write_u64(at + layout.cid, process.pid);
  space.write_u64(at + layout.cid + 8, spec.tid);
  space.write_u64(at + layout.thread_create, truth.create_time);
  space.write_u64(at + layout.start_address, truth.start_address);
  space.write_u64(at + layout.win32_start, truth.win32_start_address);
  write_list_head(space, at + layout.irp_list);
  process.threads.push_back(truth);
  ++process.active_threads;
  return process.threads.back();
}

/// From the wait inwards: what the scheduler leaves on the stack of a thread that does not run.
void swap_out(MachineParts& parts, ThreadTruth& thread, StackWriter& stack) {
  for (const char* name : {"KiCommitThreadWait", "KiSwapThread", "KiSwapContext", "SwapContext"}) {
    stack.call(parts.nt.at(name));
  }
  thread.kernel_stack = stack.rsp();
  thread.stack = stack.frames(1);
  parts.space.write_u64(thread.address + 0x58, thread.kernel_stack);
}

void wait_in_kernel(MachineParts& parts, ThreadTruth& thread) {
  StackWriter stack(parts.space, thread.stack_base - kInitialStackGap);
  stack.begin(parts.nt.at("KiStartSystemThread"));
  stack.call(parts.nt.at("PspSystemThreadStartup"));
  stack.call(parts.nt.at("ExpWorkerThread"));
  stack.call(
      parts.nt.at(thread.wait_reason == kWrQueue ? "KeRemoveQueueEx" : "KeDelayExecutionThread"));
  swap_out(parts, thread, stack);
}

/// A wait of user code, whose memory is not there.
void wait_from_user(MachineParts& parts, ThreadTruth& thread) {
  StackWriter user(parts.space, 0x52'0000'f000 + 0x10000ull * thread.tid);
  user.set_registers().rip = parts.ntdll.at("NtWaitForSingleObject").address + 0x14;
  StackWriter stack(parts.space, thread.stack_base - kInitialStackGap);
  const auto frame = stack.begin_from_user(parts.nt.at("KiSystemCall64"), user);
  parts.space.write_u64(thread.address + 0x90, frame);
  const bool delay = thread.wait_reason == kDelayExecution;
  stack.call(parts.nt.at(delay ? "NtDelayExecution" : "NtWaitForSingleObject"));
  stack.call(parts.nt.at(delay ? "KeDelayExecutionThread" : "KeWaitForSingleObject"));
  swap_out(parts, thread, stack);
}

void link_threads(MachineParts& parts, const ProcessTruth& process) {
  std::vector<std::uint64_t> kernel_entries{}, executive_entries{};
  for (const auto& thread : process.threads) {
    kernel_entries.push_back(thread.address + 0x2f8);
    executive_entries.push_back(thread.address + parts.layout.thread_entry);
  }
  parts.link(process.address + 0x30, kernel_entries);
  parts.link(process.address + parts.layout.thread_list, executive_entries);
  parts.space.write_u32(process.address + parts.layout.active_threads, process.active_threads);
}

void add_idle_process(MachineParts& parts) {
  auto idle = make_process(parts, {.image = "Idle"}, parts.space);
  for (std::uint32_t i = 0; i < parts.options.processors; ++i) {
    auto& thread = add_thread(parts, idle, {.state = kRunning, .wait_reason = 0, .priority = 0});
    parts.idle_threads.push_back(thread.address);
  }
  link_threads(parts, idle);
  if (parts.options.crash == KernelCrash::PowerState) {
    auto& thread = idle.threads.at(parts.truth.crash_processor);
    write_crash_stack(parts, thread, thread.stack_base - kInitialStackGap);
  }
  // The first processor does nothing.
  StackWriter stack(parts.space, idle.threads[0].stack_base - kInitialStackGap);
  stack.begin(parts.nt.at("KiIdleLoop"));
  stack.call(parts.nt.at("PoIdle"));
  stack.enter(parts.hal.at("HalProcessorIdle"), 1);
  parts.processor_registers.resize(parts.options.processors);
  parts.processor_registers[0] = stack.registers();
  idle.threads[0].stack = stack.frames();
  parts.truth.idle = std::move(idle);
}

/// The last processor polls a disk.
void add_system(MachineParts& parts) {
  auto system = make_process(parts, {.pid = 4, .image = "System", .protection = 0x72}, parts.space);
  wait_in_kernel(parts,
                 add_thread(parts, system, {.tid = 8, .wait_reason = kWrQueue, .priority = 13}));
  auto& poller = add_thread(parts, system, {.tid = 12, .state = kRunning, .wait_reason = 0});
  StackWriter stack(parts.space, poller.stack_base - kInitialStackGap);
  stack.begin(parts.nt.at("KiStartSystemThread"));
  stack.call(parts.nt.at("PspSystemThreadStartup"));
  stack.call(parts.disk.at("DiskIdlePoll"));
  poller.stack = stack.frames();
  poller.kernel_stack = stack.rsp() - 0x200;  // of its last wait
  parts.space.write_u64(poller.address + 0x58, poller.kernel_stack);
  parts.processor_registers.back() = stack.registers();
  const bool crashes = parts.options.crash == KernelCrash::SystemThread;
  auto& worker = add_thread(parts, system,
                            {.tid = 16,
                             .state = crashes ? kRunning : kWaiting,
                             .wait_reason = crashes ? std::uint8_t{0} : kDelayExecution,
                             .priority = 12});
  if (crashes) {
    write_crash_stack(parts, worker, worker.stack_base - kInitialStackGap);
  } else {
    wait_in_kernel(parts, worker);
  }
  parts.space.write_u64(parts.variables.initial_process, system.address);
  parts.truth.processes.push_back(std::move(system));
}

void add_waiting_process(MachineParts& parts, const ProcessSpec& spec, std::uint32_t threads) {
  parts.spaces.push_back(parts.space.fork());
  auto process = make_process(parts, spec, parts.spaces.back());
  for (std::uint32_t i = 0; i < threads; ++i) {
    const bool standby = spec.pid == 1040 && i == 0;
    wait_from_user(parts, add_thread(parts, process,
                                     {.tid = spec.pid + 4 * (i + 1),
                                      .state = standby ? kStandby : kWaiting,
                                      .wait_reason = i == 0 ? kUserRequest : kDelayExecution}));
  }
  parts.truth.processes.push_back(std::move(process));
}

void add_application(MachineParts& parts) {
  const auto identity = parts.application.truth();
  parts.spaces.push_back(parts.space.fork());
  auto& tables = parts.spaces.back();
  auto process = make_process(parts,
                              {.pid = 4244,
                               .parent = 700,
                               .session = 1,
                               .image = identity.name,
                               .path = "\\Device\\HarddiskVolume3" + identity.path.substr(2)},
                              tables);
  process.peb = place::kPeb;
  process.image_base = place::kApplication;
  parts.space.write_u64(process.address + parts.layout.peb, process.peb);
  parts.space.write_u64(process.address + parts.layout.section_base, process.image_base);
  add_user_half(parts, tables);
  const bool crashes = parts.options.crash != KernelCrash::SystemThread &&
                       parts.options.crash != KernelCrash::PowerState;
  parts.truth.application = process.address;
  auto& first = add_thread(parts, process,
                           {.tid = 4248,
                            .state = crashes ? kRunning : kWaiting,
                            .wait_reason = crashes ? std::uint8_t{0} : kUserRequest,
                            .priority = 10});
  first.teb = place::kTeb;
  parts.space.write_u64(first.address + 0xf0, first.teb);
  if (crashes) {
    write_crash_stack(parts, first, first.stack_base - kInitialStackGap);
  } else {
    wait_from_user(parts, first);
  }
  wait_from_user(parts, add_thread(parts, process, {.tid = 4252}));
  add_probes(parts, tables);
  parts.truth.processes.push_back(std::move(process));
}

}  // namespace

void add_processes(MachineParts& parts) {
  // Threads hold the addresses of functions' records, and spaces those of their tables.
  parts.spaces.reserve(8);
  add_idle_process(parts);
  add_system(parts);
  const std::string system32 = "\\Device\\HarddiskVolume3\\Windows\\System32\\";
  add_waiting_process(parts,
                      {.pid = 312,
                       .parent = 4,
                       .image = "smss.exe",
                       .path = system32 + "smss.exe",
                       .protection = 0x61},
                      1);
  for (const std::uint32_t pid : {800u, 912u, 1040u}) {
    const std::uint32_t session = pid == 912 ? 1 : 0;
    add_waiting_process(parts,
                        {.pid = pid,
                         .parent = 700,
                         .session = session,
                         .image = "svchost.exe",
                         .path = system32 + "svchost.exe"},
                        pid == 800 ? 2 : 1);
  }
  add_application(parts);
  std::vector<std::uint64_t> entries{};
  for (const auto& process : parts.truth.processes) {
    link_threads(parts, process);
    entries.push_back(process.address + parts.layout.links);
  }
  parts.link(parts.variables.active_processes, entries);
}

}  // namespace vigil::test
