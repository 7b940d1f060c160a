// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/kernel_machine.h"
#include "support/kernel_machine_memory.h"

/// The 32-bit machine while it is laid out. Only its parts include this.
namespace vigil::test {

/// Page tables of three levels with entries of 64 bits.
class PaeSpace {
 public:
  explicit PaeSpace(PhysicalMemory& memory);
  /// The kernel's two gigabytes of these, and an empty user half.
  [[nodiscard]] PaeSpace fork() const;
  void map_2m(std::uint32_t address, std::uint64_t pfn);
  void allocate(std::uint32_t address, std::uint32_t size, bool user = false);

  [[nodiscard]] std::uint32_t root() const { return static_cast<std::uint32_t>(root_); }
  void write(std::uint32_t address, std::string_view bytes);
  void u8(std::uint32_t address, std::uint64_t value) { write(address, little_endian(value, 1)); }
  void u16(std::uint32_t address, std::uint64_t value) { write(address, little_endian(value, 2)); }
  void u32(std::uint32_t address, std::uint64_t value) { write(address, little_endian(value, 4)); }
  void u64(std::uint32_t address, std::uint64_t value) { write(address, little_endian(value, 8)); }
  [[nodiscard]] std::string read(std::uint32_t address, std::size_t size) const;
  [[nodiscard]] std::uint64_t physical(std::uint32_t address) const;

 private:
  [[nodiscard]] bool is_mapped(std::uint32_t address) const;
  std::uint64_t table_entry(std::uint32_t address);

  PhysicalMemory* memory_;
  std::uint64_t root_;
};

/// Where the kernel of build 7601 for x86 has its fields.
namespace x86 {
inline constexpr std::uint32_t kEprocessSize = 0x2c0, kPid = 0xb4, kLinks = 0xb8, kCreate = 0xa0;
inline constexpr std::uint32_t kParent = 0x140, kImageName = 0x16c, kThreadList = 0x188,
                               kPeb = 0x1a8;
inline constexpr std::uint32_t kActiveThreads = 0x198, kExitStatus = 0x274, kSession = 0x168;
inline constexpr std::uint32_t kSectionBase = 0x12c;
inline constexpr std::uint32_t kEthreadSize = 0x2b8, kCid = 0x22c, kThreadEntry = 0x268;
inline constexpr std::uint32_t kWin32Start = 0x260, kIrpList = 0x24c, kThreadCreate = 0x200;
inline constexpr std::uint32_t kPrcbSize = 0x3628, kVendor = 0x336c, kPrcbContext = 0x3618;
inline constexpr std::uint32_t kMhz = 0x3c0, kNumber = 0x3cc;
inline constexpr std::uint32_t kTrapFrameBytes = 0x8c;

// where things are
inline constexpr std::uint32_t kKernel = 0x8280'0000, kHal = 0x8290'0000, kDriver = 0x8c40'0000;
inline constexpr std::uint32_t kPool = 0x8540'0000, kStacks = 0x8d00'0000, kProcessor = 0x8070'0000;
inline constexpr std::uint32_t kData = kKernel + 0x2'0000;
inline constexpr std::uint32_t kPebAddress = 0x7ffd'f000, kTebAddress = 0x7ffd'e000;
inline constexpr std::uint64_t kTime = 0x01d7'07f2'3dbb'3399, kRunning = 864'000'000'000;
inline constexpr std::uint32_t kStackBytes = 0x3000;
inline constexpr std::uint64_t kKernelSpace = 0xffff'ffff'0000'0000;  // KDBG extends signs

}  // namespace x86

struct Machine32 {
  PhysicalMemory memory;
  MachineTruth truth;
  std::uint32_t pool_used = 0, data_used = 0, stacks_used = 0;

  Machine32() {
    memory.add_run(1, 0x9e);
    memory.add_run(0x400, 0x280);
    memory.add_run(0x10'0000, 0x10);  // above 4 GB
    memory.allocate_from(0x600, 0x10'0000);
  }
};

class Builder32 {
 public:
  Builder32() : space_(m_.memory) {}
  KernelMachine32 build();

 private:
  std::uint32_t pool(std::uint32_t size);
  std::uint32_t data(std::uint32_t size);
  void string(std::uint32_t at, std::string_view text);
  void link(std::uint32_t head, const std::vector<std::uint32_t>& entries);
  void image(std::uint32_t base, std::uint32_t size, std::uint32_t timestamp);
  void modules();
  ProcessTruth& process(std::uint32_t pid,
                        std::uint32_t parent,
                        std::string name,
                        std::uint32_t root);
  ThreadTruth thread(const ProcessTruth& owner, std::uint32_t tid, std::uint8_t state);
  void processes();
  void crash(ThreadTruth& thread);
  void waiting(ThreadTruth& thread);
  void peb(PaeSpace& space);
  void user_texts(PaeSpace& space);
  void teb(PaeSpace& space);
  void processor();
  void debugger_data();
  [[nodiscard]] FrameTruth frame(std::uint32_t address,
                                 std::uint32_t pointer,
                                 const char* function);

  Machine32 m_;
  PaeSpace space_;
  std::vector<PaeSpace> spaces_;
  std::uint32_t module_list_ = 0, process_list_ = 0, kdbg_ = 0;
  std::string context_;
};

}  // namespace vigil::test
