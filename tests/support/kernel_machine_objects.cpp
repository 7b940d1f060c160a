// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_objects.h"

/// EPROCESS and ETHREAD, and the kernel stacks of threads that wait.
namespace vigil::test {
namespace {

constexpr std::uint64_t kTicksASecond = 10'000'000;

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

/// From the wait inwards: what the scheduler leaves on the stack of a thread that does not run.
void swap_out(MachineParts& parts, ThreadTruth& thread, StackWriter& stack) {
  for (const char* name : {"KiCommitThreadWait", "KiSwapThread", "KiSwapContext", "SwapContext"}) {
    stack.call(parts.nt.at(name));
  }
  thread.kernel_stack = stack.rsp();
  thread.stack = stack.frames(1);
  parts.space.write_u64(thread.address + 0x58, thread.kernel_stack);
}

}  // namespace

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

void wait_in_kernel(MachineParts& parts, ThreadTruth& thread) {
  StackWriter stack(parts.space, thread.stack_base - kInitialStackGap);
  stack.begin(parts.nt.at("KiStartSystemThread"));
  stack.call(parts.nt.at("PspSystemThreadStartup"));
  stack.call(parts.nt.at("ExpWorkerThread"));
  stack.call(
      parts.nt.at(thread.wait_reason == kWrQueue ? "KeRemoveQueueEx" : "KeDelayExecutionThread"));
  swap_out(parts, thread, stack);
}

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

}  // namespace vigil::test
