// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_x86.h"

#include <utility>

#include "support/byte_builder.h"

/// What the 32-bit kernel keeps of the machine: modules, one processor, KDBG.
namespace vigil::test {

std::uint32_t Builder32::pool(std::uint32_t size) {
  if (m_.pool_used % 0x1000 + size > 0xff0) m_.pool_used = (m_.pool_used + 0xfff) & ~0xfffu;
  const auto address = x86::kPool + m_.pool_used + 8;
  m_.pool_used = (m_.pool_used + size + 0xf) & ~7u;
  space_.allocate(address, size);
  return address;
}

std::uint32_t Builder32::data(std::uint32_t size) {
  const auto address = x86::kData + m_.data_used;
  m_.data_used += (size + 15) & ~15u;
  return address;
}

void Builder32::string(std::uint32_t at, std::string_view text) {
  const auto units = ByteBuilder().utf16(text).bytes();
  const auto buffer = pool(static_cast<std::uint32_t>(units.size()) + 2);
  space_.write(buffer, units);
  space_.u16(at, units.size());
  space_.u16(at + 2, units.size() + 2);
  space_.u32(at + 4, buffer);
}

void Builder32::link(std::uint32_t head, const std::vector<std::uint32_t>& entries) {
  auto previous = head;
  for (const auto entry : entries) {
    space_.u32(previous, entry);
    space_.u32(entry + 4, previous);
    previous = entry;
  }
  space_.u32(previous, head);
  space_.u32(head + 4, previous);
}

/// Headers without code.
void Builder32::image(std::uint32_t base, std::uint32_t size, std::uint32_t timestamp) {
  ByteBuilder pe;
  pe.raw("MZ").seek(0x3c).u32(0x80).seek(0x80).raw(std::string_view("PE\0\0", 4));
  pe.u16(0x14c).u16(0).u32(timestamp).u64(0).u16(0xe0).u16(0x2102).u16(0x10b).seek(0xb4);
  pe.u32(base).u32(0x1000).u32(0x200).seek(0xd0).u32(size).u32(0x400).u32(0).seek(0xf4).u32(16);
  space_.write(base, pe.seek(0x178).bytes());
}

void Builder32::modules() {
  const std::string folder = "\\SystemRoot\\system32\\";
  m_.truth.modules = {
      {.name = "ntoskrnl.exe",
       .path = folder + "ntkrnlpa.exe",
       .base = x86::kKernel,
       .size = 0x4'0000},
      {.name = "hal.dll", .path = folder + "halmacpi.dll", .base = x86::kHal, .size = 0x1'0000},
      {.name = "badnet.sys",
       .path = folder + "drivers\\badnet.sys",
       .base = x86::kDriver,
       .size = 0x4000,
       .third_party = true}};
  std::vector<std::uint32_t> entries;
  std::uint32_t stamp = 0x4ce7'88c5;
  space_.allocate(x86::kDriver, 0x4000);
  for (auto& module : m_.truth.modules) {
    module.timestamp = stamp++;
    module.checksum = 0x3'0000 + stamp % 0x1000;
    module.entry_point = module.base + 0x1000;
    const auto base = static_cast<std::uint32_t>(module.base);
    image(base, module.size, module.timestamp);
    const auto at = pool(0x50);
    space_.u32(at + 0x18, base);
    space_.u32(at + 0x1c, module.entry_point);
    space_.u32(at + 0x20, module.size);
    string(at + 0x24, module.path);
    string(at + 0x2c, module.name);
    space_.u16(at + 0x38, 1);
    space_.u32(at + 0x40, module.checksum);
    space_.u32(at + 0x44, module.timestamp);
    entries.push_back(at);
  }
  link(module_list_, entries);
}

void Builder32::processor() {
  const auto pcr = x86::kProcessor, prcb = x86::kProcessor + 0x120;
  space_.allocate(pcr, 0x120 + x86::kPrcbSize);
  space_.u32(pcr + 0x1c, pcr);
  space_.u32(pcr + 0x20, prcb);
  ProcessorTruth truth{.prcb = prcb,
                       .current_thread = m_.truth.crash_thread,
                       .mhz = 2400,
                       .vendor = "AuthenticAMD",
                       .family = 0x10,
                       .model = 4,
                       .stepping = 3,
                       .cr3 = m_.truth.directory_table};
  space_.u32(prcb + 4, truth.current_thread);
  space_.u8(prcb + 0x14, truth.family);
  space_.u8(prcb + 0x15, 1);
  space_.u16(prcb + 0x16, truth.model << 8 | truth.stepping);
  space_.u32(prcb + x86::kMhz, truth.mhz);
  space_.write(prcb + x86::kVendor, truth.vendor);
  m_.truth.processors.push_back(truth);
}

void Builder32::debugger_data() {
  const auto pointer = [this](std::uint32_t offset, std::uint64_t address) {
    space_.u64(kdbg_ + offset, x86::kKernelSpace | address);
  };
  const auto list = data(8);
  space_.u64(kdbg_, x86::kKernelSpace | list);
  space_.u64(kdbg_ + 8, x86::kKernelSpace | list);
  space_.write(kdbg_ + 0x10, "KDBG");
  space_.u32(kdbg_ + 0x14, 0x340);
  pointer(0x18, x86::kKernel);
  pointer(0x48, module_list_);
  pointer(0x50, process_list_);
  space_.u64(kdbg_ + 0x138, 0x1000);
  const auto block = data(0x40);
  space_.u32(block, m_.truth.processors.front().prcb);
  pointer(0x218, block);
  const auto bugcheck = data(20);
  space_.u32(bugcheck, m_.truth.bugcheck);
  for (std::uint32_t i = 0; i < 4; ++i) space_.u32(bugcheck + 4 + 4 * i, m_.truth.parameters.at(i));
  pointer(0x88, bugcheck);
  const auto lab = data(0x100);
  m_.truth.build_lab = "7601.17514.x86fre.win7sp1_rtm.101119-1850";
  space_.write(lab, m_.truth.build_lab);
  pointer(0x208, lab);
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> fields{{0x298, 0x58},
                                                                    {0x29a, 0x88},
                                                                    {0x29c, 0x30},
                                                                    {0x29e, 0x28},
                                                                    {0x2a0, 0x50},
                                                                    {0x2a2, 0x68},
                                                                    {0x2a8, x86::kEprocessSize},
                                                                    {0x2aa, x86::kPeb},
                                                                    {0x2ac, x86::kParent},
                                                                    {0x2ae, 0x18},
                                                                    {0x2b0, x86::kPrcbSize},
                                                                    {0x2b4, 4},
                                                                    {0x2b6, x86::kMhz},
                                                                    {0x2b8, 0x14},
                                                                    {0x2ba, x86::kVendor},
                                                                    {0x2bc, 0x18},
                                                                    {0x2be, x86::kNumber},
                                                                    {0x2c0, x86::kEthreadSize},
                                                                    {0x2e2, 0x1c},
                                                                    {0x2e4, 0x20},
                                                                    {0x2e6, 0x120},
                                                                    {0x338, x86::kPrcbContext}};
  for (const auto& [offset, value] : fields) space_.u16(kdbg_ + offset, value);
}

KernelMachine32 Builder32::build() {
  space_.map_2m(x86::kKernel, 0x400);
  for (const std::uint32_t address : {x86::kDriver, x86::kPool, x86::kStacks, x86::kProcessor})
    space_.allocate(address, 0x1000);
  module_list_ = data(8);
  process_list_ = data(8);
  kdbg_ = data(0x340);
  modules();
  processes();
  processor();
  debugger_data();
  auto& truth = m_.truth;
  truth.build = 7601;
  truth.product_type = 1;
  truth.suite_mask = 0x110;
  truth.system_time = x86::kTime;
  truth.uptime = x86::kRunning;
  truth.kernel_base = x86::kKernel;
  truth.kdbg = kdbg_;
  truth.kdbg_size = 0x340;
  truth.loaded_modules = module_list_;
  truth.active_processes = process_list_;
  for (const auto& run : m_.memory.runs()) truth.memory.physical += run.count;
  KernelMachine32 machine;
  machine.context = context_;
  machine.runs = m_.memory.runs();
  machine.pages = std::move(m_.memory.pages());
  machine.truth = std::move(truth);
  return machine;
}

KernelMachine32 make_kernel_machine_32() {
  return Builder32().build();
}

}  // namespace vigil::test
