// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_builder.h"

/// What the kernel keeps of the machine: modules, unloaded drivers, processors, shared data.
namespace vigil::test {
namespace {

void add_loader_entries(MachineParts& parts) {
  auto& space = parts.space;
  std::vector<std::uint64_t> entries;
  for (const auto* image : {&parts.nt, &parts.hal, &parts.disk, &parts.keyboard, &parts.badnet}) {
    const auto module = image->truth();
    const auto at = parts.pool(0xa0);
    space.write_u64(at + 0x30, module.base);
    space.write_u64(at + 0x38, module.entry_point);
    space.write_u32(at + 0x40, module.size);
    parts.unicode_string(at + 0x48, module.path);
    parts.unicode_string(at + 0x58, module.name);
    space.write_u32(at + 0x68, 0x0900'4000);
    space.write_u16(at + 0x6c, 1);
    space.write_u32(at + 0x78, module.checksum);
    space.write_u32(at + 0x80, module.timestamp);
    entries.push_back(at);
    parts.truth.modules.push_back(module);
  }
  parts.link(parts.variables.loaded_modules, entries);
}

void write_shared_data(MachineParts& parts) {
  auto& space = parts.space;
  const auto at = place::kSharedData;
  space.allocate(at, kPageBytes);
  space.write_u32(at + 0x04, 0x0fa0'0000);
  const auto ksystem_time = [&space](std::uint64_t to, std::uint64_t value) {
    space.write_u64(to, value);
    space.write_u32(to + 8, value >> 32);
  };
  ksystem_time(at + 0x08, kUptime);
  ksystem_time(at + 0x14, kSystemTime);
  space.write(at + 0x30, wide("C:\\Windows"));
  space.write_u32(at + 0x260, parts.options.build);
  space.write_u32(at + 0x264, 3);
  space.write_u8(at + 0x268, 1);
  space.write_u16(at + 0x26a, 9);
  space.write_u32(at + 0x26c, parts.options.build == 9600 ? 6 : 10);
  space.write_u32(at + 0x270, parts.options.build == 9600 ? 3 : 0);
  space.write_u32(at + 0x2d0, 0x112);
}

/// KSPECIAL_REGISTERS at the start of ProcessorState.
void write_special_registers(MachineParts& parts, std::uint64_t prcb, const ProcessorTruth& truth) {
  const auto at = prcb + parts.layout.processor_state;
  const bool crashed = truth.number == parts.truth.crash_processor;
  parts.space.write_u64(at, 0x8005'0033);
  parts.space.write_u64(at + 0x08, crashed ? parts.truth.fault_address : 0);
  parts.space.write_u64(at + 0x10, truth.cr3);
  parts.space.write_u64(at + 0x18, truth.cr4);
  parts.space.write_u64(at + 0xa0, truth.irql);
}

void write_contexts(MachineParts& parts, std::uint64_t prcb, ProcessorTruth& truth) {
  const bool crashed = truth.number == parts.truth.crash_processor;
  const auto saved = parts.pool(0x4d0);
  parts.space.write_u64(prcb + parts.layout.prcb_context, saved);
  if (crashed) {
    parts.space.write(saved, kernel_context(parts.bugcheck_registers));
    return;
  }
  const auto& registers = parts.processor_registers[truth.number];
  truth.rip = registers.rip;
  truth.rsp = registers.gpr[kRsp];
  if (truth.rip == 0) return;
  parts.space.write(prcb + parts.layout.state_context, kernel_context(registers));
}

const ThreadTruth* thread_in_state(const MachineTruth& truth,
                                   std::uint8_t state,
                                   std::uint64_t except) {
  for (const auto& process : truth.processes) {
    for (const auto& thread : process.threads) {
      if (thread.state == state && thread.address != except) return &thread;
    }
  }
  return nullptr;
}

/// The first processor is idle and about to run another thread, the second has crashed, the last
/// runs what else runs.
ProcessorTruth describe(const MachineParts& parts, std::uint32_t number) {
  const auto& machine = parts.truth;
  ProcessorTruth truth{.number = number,
                       .idle_thread = parts.idle_threads[number],
                       .mhz = 2592,
                       .vendor = "GenuineIntel",
                       .family = 6,
                       .model = 0xa7,
                       .stepping = 1,
                       .cr3 = parts.space.root(),
                       .cr4 = parts.options.five_levels ? 0x35'1ef8u : 0x35'0ef8u};
  truth.current_thread = truth.idle_thread;
  if (number == 0) {
    const auto* next = thread_in_state(machine, 3, 0);
    truth.next_thread = next == nullptr ? 0 : next->address;
  }
  if (number == machine.crash_processor) {
    truth.current_thread = machine.crash_thread;
    truth.cr3 = machine.directory_table;
  } else if (number + 1 == parts.options.processors) {
    const auto* running = thread_in_state(machine, 2, machine.crash_thread);
    if (running != nullptr) truth.current_thread = running->address;
  }
  return truth;
}

}  // namespace

void add_kernel_data(MachineParts& parts) {
  parts.variables.loaded_modules = parts.nt.data(0x10, "PsLoadedModuleList", 16);
  parts.variables.active_processes = parts.nt.data(0x10, {}, 16);
  parts.variables.initial_process = parts.nt.data(8, "PsInitialSystemProcess");
  parts.variables.kdbg = parts.nt.data(parts.layout.kdbg_size, {}, 32);
  parts.variables.processor_block = parts.nt.data(8 * 64);
  parts.variables.bugcheck_data = parts.nt.data(40);
  const auto build = parts.nt.data(4, "NtBuildNumber");
  parts.space.write_u32(build, 0xf000'0000 | parts.options.build);
  for (const auto* image : {&parts.disk, &parts.badnet, &parts.keyboard}) {
    parts.space.allocate(image->base(), image->size());
  }
  parts.truth.crash_processor = 1;
  parts.truth.kernel_base = place::kKernel;
  parts.truth.loaded_modules = parts.variables.loaded_modules;
  parts.truth.active_processes = parts.variables.active_processes;
  parts.truth.kdbg = parts.variables.kdbg;
  add_loader_entries(parts);
  write_shared_data(parts);
}

void add_processors(MachineParts& parts) {
  auto& space = parts.space;
  const auto& layout = parts.layout;
  parts.truth.directory_table = space.root();
  for (const auto& process : parts.truth.processes) {
    if (process.address == parts.truth.crash_process) {
      parts.truth.directory_table = process.directory_table;
    }
  }
  for (std::uint32_t number = 0; number < parts.options.processors; ++number) {
    auto truth = describe(parts, number);
    const auto pcr = place::kProcessors + 0x2'0000ull * number;
    space.allocate(pcr, 0x180 + layout.prcb_size);
    truth.prcb = pcr + 0x180;
    space.write_u64(pcr + 0x18, pcr);
    space.write_u64(pcr + 0x20, truth.prcb);
    space.write_u32(truth.prcb, 0x1f80);
    space.write_u64(truth.prcb + 0x08, truth.current_thread);
    space.write_u64(truth.prcb + 0x10, truth.next_thread);
    space.write_u64(truth.prcb + 0x18, truth.idle_thread);
    space.write_u32(truth.prcb + 0x24, number);
    const auto cpu = truth.prcb + layout.cpu_type;
    space.write_u8(cpu, truth.family);
    space.write_u8(cpu + 1, 1);
    space.write_u16(cpu + 2, truth.model << 8 | truth.stepping);
    space.write_u32(cpu + 4, truth.mhz);
    space.write(truth.prcb + layout.vendor, truth.vendor);
    // KeBugCheckEx saves it before it raises it.
    const bool at_dispatch = parts.options.crash == KernelCrash::DriverIrql;
    if (number == parts.truth.crash_processor && at_dispatch) truth.irql = 2;
    write_special_registers(parts, truth.prcb, truth);
    write_contexts(parts, truth.prcb, truth);
    space.write_u64(parts.variables.processor_block + 8ull * number, truth.prcb);
    space.write_u32(truth.current_thread + 0x218, number);
    parts.truth.processors.push_back(std::move(truth));
  }
}

}  // namespace vigil::test
