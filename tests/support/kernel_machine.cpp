// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine.h"

#include <stdexcept>
#include <utility>

#include "support/kernel_machine_builder.h"

namespace vigil::test {
namespace {

constexpr std::uint64_t kKernelPfn = 0x200, kFirstFreePfn = 0x400, kUserPfn = 0x14'0000;

PhysicalMemory make_memory() {
  PhysicalMemory memory;
  memory.add_run(1, 0x1f);
  memory.add_run(kKernelPfn, 0x380);
  memory.add_run(kUserPfn, 0x60);  // above 4 GB
  memory.allocate_from(kFirstFreePfn, kUserPfn);
  return memory;
}

ImageIdentity microsoft(std::string name,
                        std::string folder,
                        std::uint32_t timestamp,
                        std::uint32_t build) {
  auto path = std::move(folder) + name;
  auto pdb = name.substr(0, name.find('.')) + ".pdb";
  return {.name = std::move(name),
          .path = std::move(path),
          .timestamp = timestamp,
          .version = (build == 9600 ? "6.3.9600.20778" : "10.0." + std::to_string(build) + ".1"),
          .company = "Microsoft Corporation",
          .pdb = std::move(pdb)};
}

constexpr const char* kSystem32 = "\\SystemRoot\\system32\\";
constexpr const char* kDriverFolder = "\\SystemRoot\\System32\\drivers\\";
constexpr const char* kUserSystem32 = "C:\\Windows\\System32\\";

}  // namespace

std::string wide(std::string_view text) {
  return ByteBuilder().utf16(text).bytes();
}

MachineParts::MachineParts(const KernelMachineOptions& chosen)
    : options(chosen),
      layout(kernel_layout(chosen.build, chosen.unknown_kernel)),
      memory(make_memory()),
      space(memory, chosen.five_levels),
      nt(microsoft("ntoskrnl.exe", kSystem32, 0x6543'2100, chosen.build), place::kKernel, 0x8000),
      hal(microsoft("hal.dll", kSystem32, 0x6111'2233, chosen.build), place::kHal),
      disk(microsoft("disk.sys", kDriverFolder, 0x5f00'1122, chosen.build), place::kDrivers),
      badnet({.name = "badnet.sys",
              .path = "\\??\\C:\\Program Files\\Contoso\\badnet.sys",
              .timestamp = 0x6010'2030,
              .version = "2.1.7.3",
              .company = "Contoso Networks",
              .pdb = "d:\\build\\badnet\\x64\\badnet.pdb"},
             place::kDrivers + 0x10'0000),
      keyboard(microsoft("i8042prt.sys", kDriverFolder, 0x5f00'3344, chosen.build),
               place::kDrivers + 0x20'0000),
      application({.name = "contoso-agent.exe",
                   .path = "C:\\Program Files\\Contoso\\contoso-agent.exe",
                   .timestamp = 0x6123'4567,
                   .version = "4.0.1.0",
                   .company = "Contoso Networks",
                   .pdb = "contoso-agent.pdb",
                   .executable = true},
                  place::kApplication),
      kernel32(microsoft("KERNEL32.DLL", kUserSystem32, 0x5e00'1111, chosen.build),
               place::kKernel32),
      ntdll(microsoft("ntdll.dll", kUserSystem32, 0x5e00'2222, chosen.build), place::kNtdll) {}

std::uint64_t MachineParts::pool(std::uint64_t size, bool paged) {
  auto& used = paged ? paged_used_ : pool_used_;
  const auto base = paged ? place::kPagedPool : place::kPool;
  if (used % kPageBytes + size > kPageBytes) used = (used + kPageBytes - 1) & ~(kPageBytes - 1);
  const auto address = base + used + 0x10;
  used = (used + 0x10 + size + 0x1f) & ~std::uint64_t{0x1f};
  space.allocate(address, size);
  return address;
}

void MachineParts::unicode_string(std::uint64_t address, std::string_view text) {
  const auto units = wide(text);
  const auto buffer = pool(units.size() + 2, true);
  space.write(buffer, units);
  space.write_u16(address, units.size());
  space.write_u16(address + 2, units.size() + 2);
  space.write_u64(address + 8, buffer);
}

std::uint64_t MachineParts::kernel_stack() {
  const auto bottom = place::kStacks + 0x8000 * stacks_used_++;
  space.allocate(bottom, kKernelStackBytes);
  return bottom + kKernelStackBytes;
}

void MachineParts::link(std::uint64_t head, const std::vector<std::uint64_t>& entries) {
  auto previous = head;
  for (const auto entry : entries) {
    space.write_u64(previous, entry);
    space.write_u64(entry + 8, previous);
    previous = entry;
  }
  space.write_u64(previous, head);
  space.write_u64(head + 8, previous);
}

KernelMachine make_kernel_machine(const KernelMachineOptions& options) {
  if (options.processors < 2 || options.processors > 4) throw std::logic_error("2 to 4 processors");
  MachineParts parts(options);
  for (const auto address : {place::kKernel, place::kPool, place::kPagedPool, place::kStacks,
                             place::kProcessors, place::kPfnDatabase, place::kSharedData}) {
    parts.space.reserve_kernel(address);
  }
  parts.space.map_itself(options.build == 9600 ? place::kOldPteBase : place::kPteBase);
  parts.space.map_2m(place::kKernel, kKernelPfn);
  parts.space.map_1g(place::kPfnDatabase, 0);
  add_functions(parts);
  parts.truth.build = options.build;
  add_kernel_data(parts);
  add_processes(parts);
  add_processors(parts);
  add_debugger_data(parts);
  if (options.unknown_kernel) add_memory_state(parts);
  write_images(parts);

  KernelMachine machine;
  machine.options = options;
  machine.runs = parts.memory.runs();
  machine.pages = std::move(parts.memory.pages());
  machine.context = kernel_context(parts.bugcheck_registers);
  machine.truth_ = std::move(parts.truth);
  return machine;
}

}  // namespace vigil::test
