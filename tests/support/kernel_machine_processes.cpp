// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "support/kernel_machine_objects.h"

/// The processes of a made machine and what their threads do.
namespace vigil::test {
namespace {

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
    const auto first = spec.pid == 912 ? kWrPushLock : kUserRequest;
    wait_from_user(parts, add_thread(parts, process,
                                     {.tid = spec.pid + 4 * (i + 1),
                                      .state = standby ? kStandby : kWaiting,
                                      .wait_reason = i == 0 ? first : kDelayExecution}));
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
