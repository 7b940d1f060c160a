// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_builder.h"

/// KDDEBUGGER_DATA64 and the variables that it points to.
namespace vigil::test {
namespace {

class DebuggerData {
 public:
  explicit DebuggerData(MachineParts& parts) : parts_(&parts), at_(parts.variables.kdbg) {}

  void pointer(std::uint32_t offset, std::uint64_t address) {
    parts_->space.write_u64(at_ + offset, address);
  }
  void number(std::uint32_t offset, std::uint64_t value) {
    parts_->space.write_u16(at_ + offset, value);
  }
  /// A field after the first 0x360 bytes: only where the build has it.
  [[nodiscard]] bool has(std::uint32_t offset) const { return offset < parts_->layout.kdbg_size; }
  /// A variable with \p value, and the pointer to it.
  std::uint64_t variable(std::uint32_t offset, std::uint64_t value, std::size_t width = 8) {
    const auto address = parts_->nt.data(8);
    parts_->space.write(address, little_endian(value, width));
    pointer(offset, address);
    return address;
  }

 private:
  MachineParts* parts_;
  std::uint64_t at_;
};

void write_lists(MachineParts& parts, DebuggerData& data) {
  auto& space = parts.space;
  const auto kdbg = parts.variables.kdbg;
  const auto head = parts.nt.data(16);  // KdpDebuggerDataListHead
  parts.link(head, {kdbg});
  space.write(kdbg + 0x10, "KDBG");
  space.write_u32(kdbg + 0x14, parts.layout.kdbg_size);
  data.pointer(0x18, parts.truth.kernel_base);
  data.pointer(0x48, parts.variables.loaded_modules);
  data.pointer(0x50, parts.variables.active_processes);
  data.variable(0x58, parts.pool(0x40, true));
  data.variable(0x78, 156'250, 4);
  data.pointer(0x88, parts.variables.bugcheck_data);
  data.pointer(0x218, parts.variables.processor_block);
  space.write_u64(parts.variables.bugcheck_data, parts.truth.bugcheck);
  for (std::size_t i = 0; i < 4; ++i) {
    space.write_u64(parts.variables.bugcheck_data + 8 + 8 * i, parts.truth.parameters.at(i));
  }
  const auto lab = parts.nt.data(256);
  parts.truth.build_lab = parts.layout.lab;
  space.write(lab, parts.truth.build_lab);
  data.pointer(0x208, lab);
  data.variable(0x268, 0, 4);
}

/// MM_UNLOADED_DRIVER: name, start, end, time; the newest is before MmLastUnloadedDriver.
void write_unloaded(MachineParts& parts, DebuggerData& data) {
  parts.truth.unloaded = {{"dump_storahci.sys", 0xffff'f803'6100'0000, 0xffff'f803'6103'2000},
                          {"WdNisDrv.sys", 0xffff'f803'6110'0000, 0xffff'f803'6111'7000},
                          {"oldvpn.sys", 0xffff'f803'6120'0000, 0xffff'f803'6120'9000}};
  constexpr std::uint64_t kEntry = 0x28, kEntries = 50;
  const auto array = parts.pool(kEntry * kEntries);
  auto at = array;
  for (const auto& driver : parts.truth.unloaded) {
    parts.unicode_string(at, driver.name);
    parts.space.write_u64(at + 0x10, driver.start);
    parts.space.write_u64(at + 0x18, driver.end);
    parts.space.write_u64(at + 0x20, kSystemTime - kUptime / 2);
    at += kEntry;
  }
  data.variable(0x220, array);
  data.variable(0x228, parts.truth.unloaded.size(), 4);
}

void write_memory(MachineParts& parts, DebuggerData& data) {
  auto& memory = parts.truth.memory;
  memory = {.in_kdbg = parts.layout.counters_in_kdbg,
            .available = 0x120,
            .resident_available = 0x240,
            .committed = 0x1'2ef0,
            .commit_limit = 0x1'8000,
            .commit_peak = 0x1'4813,
            .shared_commit = 0x321,
            .driver_commit = 0x55,
            .process_commit = 0x4321,
            .paged_pool_commit = 0xe00,
            .nonpaged_pool = 0x2ae,
            .maximum_nonpaged_pool_bytes = 0x1000'0000,
            .paged_pool_bytes = 0x4000'0000};
  std::uint64_t highest = 0;
  for (const auto& run : parts.memory.runs()) {
    memory.physical += run.count;
    highest = run.first + run.count - 1;
  }
  const auto block = parts.pool(0x10 + 0x10 * parts.memory.runs().size());
  parts.space.write_u32(block, parts.memory.runs().size());
  parts.space.write_u64(block + 8, memory.physical);
  auto at = block + 0x10;
  for (const auto& run : parts.memory.runs()) {
    parts.space.write_u64(at, run.first);
    parts.space.write_u64(at + 8, run.count);
    at += 0x10;
  }
  data.variable(0x270, block);
  parts.truth.pfn_database = place::kPfnDatabase;
  data.variable(0xc0, place::kPfnDatabase);
  data.pointer(0x138, kPageBytes);  // the page size itself
  data.variable(0x140, memory.paged_pool_bytes);
  data.variable(0x170, memory.paged_pool_commit);
  data.variable(0x1b8, 0);
  data.variable(0x1c8, 0x7fff'fffe'ffff);
  data.variable(0x1d0, 0xffff'8000'0000'0000);
  data.variable(0x1d8, 0x7fff'ffff'0000);
  for (const std::uint32_t offset : {0x230u, 0x238u, 0x240u}) data.variable(offset, 0, 4);
  if (!memory.in_kdbg) return;
  data.variable(0xe8, parts.memory.runs().front().first);
  data.variable(0xf0, highest);
  data.variable(0xf8, memory.physical);
  data.variable(0x100, memory.maximum_nonpaged_pool_bytes);
  data.variable(0x148, memory.commit_limit);
  data.variable(0x150, memory.committed);
  data.variable(0x158, memory.shared_commit);
  data.variable(0x160, memory.driver_commit);
  data.variable(0x168, memory.process_commit);
  data.variable(0x1a8, memory.available);
  data.variable(0x1b0, memory.resident_available);
  data.variable(0x250, memory.nonpaged_pool);
  data.variable(0x258, memory.commit_peak);
  data.variable(0x260, memory.commit_limit);
}

void write_offsets(MachineParts& parts, DebuggerData& data) {
  const auto& layout = parts.layout;
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> fields{
      {0x298, 0x218},  // KTHREAD: next processor, TEB, kernel and initial stack, APC process, state
      {0x29a, 0xf0},
      {0x29c, 0x58},
      {0x29e, 0x28},
      {0x2a0, 0xb8},
      {0x2a2, 0x184},
      {0x2a8, layout.eprocess_size},
      {0x2aa, layout.peb},
      {0x2ac, layout.parent},
      {0x2ae, 0x28},
      {0x2b0, layout.prcb_size},
      {0x2b2, layout.dpc_routine},
      {0x2b4, 8},
      {0x2b6, layout.cpu_type + 4},
      {0x2b8, layout.cpu_type},
      {0x2ba, layout.vendor},
      {0x2bc, layout.state_context},
      {0x2be, 0x24},
      {0x2c0, layout.ethread_size},
      {0x2e0, layout.prcb_size + 0x180},
      {0x2e2, 0x18},  // KPCR: itself, current and contained PRCB
      {0x2e4, 0x20},
      {0x2e6, 0x180},
      {0x2f2, layout.processor_state},
      {0x2f4, 0x10},
      {0x2f6, 0x18},
      {0x2fa, 0x33},
      {0x2fc, 0x2b},
      {0x302, 0x40},
      {0x304, 0x23},
      {0x306, 0x53},
      {0x338, layout.prcb_context},
      {0x340, 0x30},  // KTHREAD: stack limit and base, queue entry; ETHREAD: IRP list
      {0x344, 0x38},
      {0x348, 0x208},
      {0x34c, layout.irp_list},
      {0x350, 0x18},
      {0x354, layout.dpc_stack},
      {0x356, layout.isr_stack},
      {0x358, 0x50},
      {0x35a, 0x2a0},
      {0x35c, 0x283},
  };
  for (const auto& [offset, value] : fields) data.number(offset, value);
  if (parts.options.swizzled_ptes) {
    data.number(0x2c2, pte::kHighBitIndex | pte::kSwizzleBitIndex << 8);
  }
  if (data.has(0x360) && !parts.options.five_levels) data.pointer(0x360, place::kPteBase);
}

}  // namespace

void add_debugger_data(MachineParts& parts) {
  DebuggerData data(parts);
  write_lists(parts, data);
  write_unloaded(parts, data);
  write_memory(parts, data);
  write_offsets(parts, data);
  parts.truth.kdbg_size = parts.layout.kdbg_size;
  parts.truth.system_time = kSystemTime;
  parts.truth.uptime = kUptime;
  parts.truth.product_type = 3;
  parts.truth.suite_mask = 0x112;
}

}  // namespace vigil::test
