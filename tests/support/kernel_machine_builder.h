// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/kernel_machine_image.h"
#include "support/kernel_machine_layout.h"
#include "support/kernel_machine_memory.h"
#include "support/kernel_machine_stack.h"

/// What the parts of `make_kernel_machine` share while a machine is laid out. Only they include
/// this.
namespace vigil::test {

/// Where things are in virtual memory.
namespace place {
inline constexpr std::uint64_t kKernel = 0xffff'f803'4000'0000;
inline constexpr std::uint64_t kHal = kKernel + 0x10'0000;  ///< In the kernel's large page.
inline constexpr std::uint64_t kDrivers = 0xffff'f803'5000'0000;
inline constexpr std::uint64_t kPool = 0xffff'e180'0000'0000;
inline constexpr std::uint64_t kPagedPool = 0xffff'a300'0000'0000;
inline constexpr std::uint64_t kStacks = 0xffff'd281'0000'0000;
inline constexpr std::uint64_t kProcessors = 0xffff'b701'0000'0000;
inline constexpr std::uint64_t kPfnDatabase = 0xffff'd900'0000'0000;  ///< A 1 GB page.
inline constexpr std::uint64_t kSharedData = 0xffff'f780'0000'0000;
inline constexpr std::uint64_t kPteBase = 0xffff'8400'0000'0000;
inline constexpr std::uint64_t kOldPteBase = 0xffff'f680'0000'0000;  ///< Before build 14393.
// in the user half of the current process
inline constexpr std::uint64_t kApplication = 0x7ff7'1234'0000;
inline constexpr std::uint64_t kNtdll = 0x7ffe'7340'0000, kKernel32 = 0x7ffe'7200'0000;
inline constexpr std::uint64_t kUserStack = 0x21'fd30'0000, kTeb = 0x21'fd01'2000;
inline constexpr std::uint64_t kPeb = 0x21'fd01'1000, kHeap = 0x1d8'4c00'0000;
inline constexpr std::uint64_t kProbes = 0x1d8'5000'0000;
}  // namespace place

inline constexpr std::uint64_t kKernelStackBytes = 0x3000;
inline constexpr std::uint64_t kSystemTime = 0x01db'3d58'b4cd'0f49;  ///< 2024-11-23 03:35:13 UTC
inline constexpr std::uint64_t kUptime = 2'600'614'480'000;          ///< 3 days and some

/// Variables of the kernel, by address.
struct KernelVariables {
  std::uint64_t loaded_modules = 0, active_processes = 0, kdbg = 0, processor_block = 0;
  std::uint64_t bugcheck_data = 0, initial_process = 0;
};

struct MachineParts {
  explicit MachineParts(const KernelMachineOptions& options);
  MachineParts(const MachineParts&) = delete;
  MachineParts& operator=(const MachineParts&) = delete;

  KernelMachineOptions options;
  const KernelLayout layout;
  PhysicalMemory memory;
  AddressSpace space;  ///< Of System.
  ImageBuilder nt, hal, disk, badnet, keyboard;
  ImageBuilder application, kernel32, ntdll;
  KernelVariables variables;
  MachineTruth truth;
  std::vector<AddressSpace> spaces;  ///< Of the processes after System, in the list's order.
  std::vector<std::uint64_t> idle_threads;
  std::vector<Amd64Registers> processor_registers;  ///< One a processor; rip 0: not saved.
  Amd64Registers bugcheck_registers;                ///< Where KeBugCheckEx begins.

  /// Memory that is zero, at 16 modulo 32 as pool blocks are.
  std::uint64_t pool(std::uint64_t size, bool paged = false);
  /// A UNICODE_STRING at \p address, its text in pool.
  void unicode_string(std::uint64_t address, std::string_view text);
  std::uint64_t kernel_stack();
  /// Links \p entries and \p head as a LIST_ENTRY ring.
  void link(std::uint64_t head, const std::vector<std::uint64_t>& entries);

 private:
  std::uint64_t pool_used_ = 0, paged_used_ = 0, stacks_used_ = 0;
};

/// UTF-16 without a terminator.
[[nodiscard]] std::string wide(std::string_view text);

void add_functions(MachineParts& parts);
void write_images(MachineParts& parts);
void add_processes(MachineParts& parts);
void add_user_half(MachineParts& parts, AddressSpace& space);
void add_probes(MachineParts& parts, AddressSpace& space);
/// The stacks of the crash, onto the running thread whose kernel stack ends at \p initial_stack.
void write_crash_stack(MachineParts& parts, ThreadTruth& thread, std::uint64_t initial_stack);
/// The user's stack of the current thread, up to its system call.
[[nodiscard]] StackWriter user_stack(MachineParts& parts, AddressSpace& space);
void add_processors(MachineParts& parts);
void add_kernel_data(MachineParts& parts);
void add_debugger_data(MachineParts& parts);
/// What only symbols lead to: of an unknown kernel.
void add_memory_state(MachineParts& parts);

}  // namespace vigil::test
