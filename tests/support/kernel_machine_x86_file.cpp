// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>

#include "support/kernel_machine_file.h"
#include "support/kernel_machine_x86.h"

/// The 32-bit machine as a file: DUMP_HEADER32, then pages, a bitmap or a triage dump.
namespace vigil::test {
namespace {

constexpr std::uint64_t kRequiredSpaceAt = 0xfa0;
constexpr std::uint64_t kFrameMask = 0x000f'ffff'ffff'f000;

std::uint64_t u64_at(const KernelMachine32& machine, std::uint64_t physical) {
  const auto& bytes = machine.pages.at(physical / kPageBytes).bytes;
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes.at(physical % kPageBytes + i));
  }
  return value;
}

std::uint64_t translate(const KernelMachine32& machine, std::uint64_t address) {
  const auto top = u64_at(machine, machine.truth.directory_table + 8 * (address >> 30));
  const auto middle = u64_at(machine, (top & kFrameMask) + 8 * (address >> 21 & 0x1ff));
  if ((middle & pte::kValid) == 0) throw std::logic_error("nothing is mapped there");
  if ((middle & pte::kLarge) != 0) return (middle & kFrameMask) | (address & (kLargePageBytes - 1));
  const auto last = u64_at(machine, (middle & kFrameMask) + 8 * (address >> 12 & 0x1ff));
  if ((last & pte::kValid) == 0) throw std::logic_error("nothing is mapped there");
  return (last & kFrameMask) | (address & (kPageBytes - 1));
}

ByteBuilder header_32(const KernelMachine32& machine, const DumpTraits& traits) {
  const auto& truth = machine.truth;
  ByteBuilder header(page_pattern(kHeader32Bytes));
  header.patch_raw(4, "DUMP").patch_u32(0x08, 0xf).patch_u32(0x0c, truth.build);
  header.patch_u32(0x10, truth.directory_table).patch_u32(0x14, 0x8378'0000);
  header.patch_u32(0x18, truth.loaded_modules).patch_u32(0x1c, truth.active_processes);
  header.patch_u32(0x20, 0x14c).patch_u32(0x24, truth.processors.size());
  header.patch_u32(0x28, truth.bugcheck);
  for (std::size_t i = 0; i < 4; ++i) header.patch_u32(0x2c + 4 * i, truth.parameters.at(i));
  header.patch_raw(0x3c, std::string(32, '\0')).patch_u8(0x5c, 1).patch_u32(0x60, truth.kdbg);
  std::uint64_t at = 0x6c;
  for (const auto& run : machine.runs) {
    header.patch_u32(at, run.first).patch_u32(at + 4, run.count);
    at += 8;
  }
  header.patch_u32(0x64, machine.runs.size()).patch_u32(0x68, truth.memory.physical);
  header.patch_raw(0x320, machine.context);
  header.patch_u32(0x7d0, 0x8000'0003).patch_u32(0x7d4, 1).patch_u32(0x7d8, 0);
  header.patch_u32(0x7dc, truth.bugcheck_stack.front().instruction).patch_u32(0x7e0, 0);
  header.patch_u32(0x8a0, traits.attributes).patch_u32(0x8a4, 3);
  header.patch_u32(0xf88, traits.type).patch_u32(0xf8c, traits.type == 4 ? 0xcff : 0);
  header.patch_u32(0xf94, truth.product_type).patch_u32(0xf98, truth.suite_mask);
  return header.patch_u64(0xfb8, truth.uptime).patch_u64(0xfc0, truth.system_time);
}

std::vector<std::uint64_t> held_pages(const KernelMachine32& machine, const DumpTraits& traits) {
  std::vector<std::uint64_t> held;
  if (!traits.all_pages) {
    for (const auto& [pfn, page] : machine.pages) {
      if (traits.user_pages || !page.user) held.push_back(pfn);
    }
    return held;
  }
  for (const auto& run : machine.runs) {
    for (std::uint64_t i = 0; i < run.count; ++i) held.push_back(run.first + i);
  }
  return held;
}

/// TRIAGE_DUMP32: the fields of the 64-bit one, with a TopOfStack of 32 bits and none of IA-64.
void append_triage(ByteBuilder& file, const KernelMachine32& machine) {
  constexpr std::size_t kTriageAt = 0x1000, kMmAt = 0x1068;
  const auto& truth = machine.truth;
  const auto field = [&file](std::size_t offset, std::uint64_t value) {
    file.patch_u32(kTriageAt + offset, value);
  };
  const auto object = [&](std::size_t offset, std::uint64_t address, std::uint64_t size) {
    field(offset, file.size());
    file.raw(machine.read_virtual(address, size));
  };
  file.seek(kMmAt).u32(1).u32(0x30).seek(kMmAt + 0x30);
  field(0x0c, 0x320);
  field(0x10, 0x7d0);
  field(0x14, kMmAt);
  field(0x44, 0xffff'ffff);
  object(0x1c, truth.processors.front().prcb, x86::kPrcbSize);
  object(0x20, truth.crash_process, x86::kEprocessSize);
  object(0x24, truth.crash_thread, x86::kEthreadSize);
  const auto& thread = truth.processes.back().threads.front();
  field(0x2c, thread.stack_base - thread.kernel_stack);
  field(0x48, thread.kernel_stack);
  object(0x28, thread.kernel_stack, thread.stack_base - thread.kernel_stack);
  field(0x5c, truth.kdbg_size);
  object(0x58, truth.kdbg, truth.kdbg_size);
  // Name, then the loader's entry of 0x48 bytes.
  constexpr std::size_t kEntry = 0x4c;
  ByteBuilder entries, names;
  const auto pool_at = file.size() + kEntry * truth.modules.size();
  for (const auto& module : truth.modules) {
    const auto start = entries.size();
    entries.u32(pool_at + names.size()).seek(start + 0x1c).u32(module.base);
    entries.seek(start + 0x24).u32(module.size).seek(start + 0x44).u32(module.checksum);
    entries.u32(module.timestamp);
    names.u32(module.path.size()).utf16(module.path).u16(0).align(8);
  }
  field(0x30, file.size());
  field(0x34, truth.modules.size());
  field(0x38, pool_at);
  field(0x3c, names.size());
  file.raw(entries.bytes()).raw(names.bytes()).align(8);
  field(0x60, file.size());
  field(0x64, 0);
  field(0x08, file.size());
  file.raw("TRGD");
  field(0x04, file.size());
}

}  // namespace

std::string KernelMachine32::read_virtual(std::uint64_t address, std::size_t size) const {
  std::string bytes;
  while (bytes.size() < size) {
    const auto at = address + bytes.size();
    const auto from = translate(*this, at);
    const auto count = std::min<std::size_t>(size - bytes.size(), kPageBytes - at % kPageBytes);
    const auto found = pages.find(from / kPageBytes);
    bytes += found == pages.end() ? std::string(count, '\0')
                                  : found->second.bytes.substr(from % kPageBytes, count);
  }
  return bytes;
}

std::string KernelMachine32::dump(KernelDumpKind kind) const {
  const auto traits = dump_traits(kind);
  auto file = header_32(*this, traits);
  if (traits.type == 4) {
    append_triage(file, *this);
  } else if (traits.type != 3) {
    const auto held = held_pages(*this, traits);
    const auto bits = runs.back().first + runs.back().count;
    if (traits.type != 1) file.raw(bitmap_part(traits, kHeader32Bytes, bits, held));
    std::string content;
    for (const auto pfn : held) {
      const auto found = pages.find(pfn);
      content += found == pages.end() ? std::string(kPageBytes, '\0') : found->second.bytes;
    }
    file.raw(content);
  }
  return file.patch_u64(kRequiredSpaceAt, file.size()).bytes();
}

}  // namespace vigil::test
