// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace vigil::test {
namespace {

/// A full dump, read by hand: nothing here is of the reader that the machine is made to test.
class FullDump {
 public:
  explicit FullDump(const KernelMachine& machine)
      : file_(machine.dump(KernelDumpKind::Full)), runs_(machine.runs) {}

  [[nodiscard]] std::uint64_t number(std::uint64_t offset, int width = 8) const {
    std::uint64_t value = 0;
    for (int i = width; i-- > 0;) {
      value = value << 8 | static_cast<unsigned char>(file_.at(offset + static_cast<unsigned>(i)));
    }
    return value;
  }
  [[nodiscard]] std::uint64_t offset_of(std::uint64_t physical) const {
    std::uint64_t before = 0;
    for (const auto& run : runs_) {
      const auto pfn = physical >> 12;
      if (pfn >= run.first && pfn < run.first + run.count) {
        return 0x2000 + 0x1000 * (before + pfn - run.first) + (physical & 0xfff);
      }
      before += run.count;
    }
    throw std::out_of_range("no such page");
  }
  /// The offset in the file of a virtual address, through four levels.
  [[nodiscard]] std::uint64_t translate(std::uint64_t address) const {
    std::uint64_t table = number(0x10) & 0x000f'ffff'ffff'f000;
    for (int shift = 39;; shift -= 9) {
      const auto entry = number(offset_of(table + 8 * (address >> shift & 0x1ff)));
      EXPECT_TRUE(entry & 1) << std::hex << address << " at " << shift;
      const auto below = (1ull << shift) - 1;
      if (shift == 12 || (entry & 0x80) != 0) {
        return offset_of((entry & 0x000f'ffff'ffff'f000 & ~below) | (address & below));
      }
      table = entry & 0x000f'ffff'ffff'f000;
    }
  }
  [[nodiscard]] std::uint64_t at(std::uint64_t address, int width = 8) const {
    return number(translate(address), width);
  }
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  std::string file_;
  std::vector<PhysicalRun> runs_;
};

/// Offsets as public type information has them.
struct BuildOffsets {
  std::uint32_t build = 0;
  std::uint32_t pid = 0, links = 0, image = 0, threads = 0;
  std::uint32_t cid = 0, thread_entry = 0;
  std::uint32_t vendor = 0, mhz = 0;
};

class EveryBuild : public testing::TestWithParam<BuildOffsets> {};

TEST_P(EveryBuild, ItsModuleListIsReachedThroughThePageTables) {
  const auto machine = make_kernel_machine({.build = GetParam().build});
  const FullDump dump(machine);
  EXPECT_EQ(dump.file().substr(0, 8), "PAGEDU64");
  EXPECT_EQ(dump.number(0x0c, 4), GetParam().build);
  EXPECT_EQ(dump.number(0x38, 4), 0xd1u);
  const auto head = dump.number(0x20);
  std::vector<std::uint64_t> bases, expected;
  for (auto entry = dump.at(head); entry != head; entry = dump.at(entry)) {
    bases.push_back(dump.at(entry + 0x30));
  }
  for (const auto& module : machine.truth().modules) expected.push_back(module.base);
  EXPECT_EQ(bases, expected);
}

TEST_P(EveryBuild, ItsProcessesAndThreadsAreInTheirLists) {
  const auto& offsets = GetParam();
  const auto machine = make_kernel_machine({.build = offsets.build});
  const FullDump dump(machine);
  const auto& truth = machine.truth();
  const auto head = dump.number(0x28);
  auto expected = truth.processes.begin();
  for (auto entry = dump.at(head); entry != head; entry = dump.at(entry), ++expected) {
    ASSERT_NE(expected, truth.processes.end());
    const auto process = entry - offsets.links;
    EXPECT_EQ(process, expected->address);
    EXPECT_EQ(dump.at(process + offsets.pid), expected->pid);
    EXPECT_EQ(dump.file().substr(dump.translate(process + offsets.image), expected->image.size()),
              expected->image);
    EXPECT_EQ(dump.at(process + 0x28), expected->directory_table);
    std::size_t threads = 0;
    const auto list = process + offsets.threads;
    for (auto link = dump.at(list); link != list; link = dump.at(link), ++threads) {
      const auto thread = link - offsets.thread_entry;
      const auto& said = expected->threads.at(threads);
      EXPECT_EQ(thread, said.address);
      EXPECT_EQ(dump.at(thread + offsets.cid + 8), said.tid);
      EXPECT_EQ(dump.at(thread + 0x184, 1), said.state);
      EXPECT_EQ(dump.at(thread + 0x283, 1), said.wait_reason);
      EXPECT_EQ(dump.at(thread + 0x58), said.kernel_stack);
    }
    EXPECT_EQ(threads, expected->threads.size());
  }
  EXPECT_EQ(expected, truth.processes.end());
}

TEST_P(EveryBuild, ItsDebuggerDataLeadsToTheProcessorsAndTheCounters) {
  const auto machine = make_kernel_machine({.build = GetParam().build, .processors = 4});
  const FullDump dump(machine);
  const auto& truth = machine.truth();
  const auto kdbg = dump.number(0x80);
  EXPECT_EQ(dump.file().substr(dump.translate(kdbg + 0x10), 4), "KDBG");
  EXPECT_EQ(dump.at(kdbg + 0x18), truth.kernel_base);
  EXPECT_EQ(dump.at(dump.at(kdbg + 0x88)), truth.bugcheck);
  const auto block = dump.at(kdbg + 0x218);
  for (const auto& processor : truth.processors) {
    const auto prcb = dump.at(block + 8 * processor.number);
    EXPECT_EQ(dump.at(prcb + 8), processor.current_thread);
    EXPECT_EQ(dump.at(prcb + 0x18), processor.idle_thread);
    EXPECT_EQ(dump.at(prcb + 0x24, 4), processor.number);
    EXPECT_EQ(dump.at(prcb + GetParam().mhz, 4), processor.mhz);
    EXPECT_EQ(dump.at(kdbg + 0x2b6, 2), GetParam().mhz);
    EXPECT_EQ(dump.file().substr(dump.translate(prcb + GetParam().vendor), 12), "GenuineIntel");
    EXPECT_EQ(dump.at(kdbg + 0x2ba, 2), GetParam().vendor);
  }
  const auto committed = dump.at(kdbg + 0x150);
  EXPECT_EQ(committed != 0, GetParam().build == 9600);
  if (committed != 0) {
    EXPECT_EQ(dump.at(committed), truth.memory.committed);
  }
}

INSTANTIATE_TEST_SUITE_P(
    KernelMachine,
    EveryBuild,
    testing::Values(BuildOffsets{9600, 0x2e0, 0x2e8, 0x438, 0x470, 0x620, 0x688, 0x5958, 0x5f4},
                    BuildOffsets{17763, 0x2e0, 0x2e8, 0x450, 0x488, 0x638, 0x6a8, 0x6290, 0x44},
                    BuildOffsets{19041, 0x440, 0x448, 0x5a8, 0x5e0, 0x478, 0x4e8, 0x8590, 0x44},
                    BuildOffsets{20348, 0x440, 0x448, 0x5a8, 0x5e0, 0x478, 0x4e8, 0x8990, 0x44},
                    BuildOffsets{26100, 0x1d0, 0x1d8, 0x338, 0x370, 0x508, 0x578, 0x8f90, 0x44}),
    [](const auto& instance) { return std::to_string(instance.param.build); });

TEST(KernelMachine, ThePebOfTheCurrentProcessIsInItsUserHalf) {
  const auto machine = make_kernel_machine();
  const FullDump dump(machine);
  const auto& peb = machine.truth().peb;
  const auto teb = dump.at(machine.truth().crash_thread + 0xf0);
  EXPECT_EQ(teb, machine.truth().teb.address);
  EXPECT_EQ(dump.at(teb + 0x60), peb.address);
  EXPECT_EQ(dump.at(peb.address + 0x10), peb.image_base);
  const auto parameters = dump.at(peb.address + 0x20);
  EXPECT_EQ(dump.at(parameters + 0x70, 2), 2 * peb.command_line.size());
  const auto environment = dump.at(parameters + 0x80);
  std::string text;
  for (std::uint64_t i = 0; i < dump.at(parameters + 0x3f0); i += 2) {
    text += static_cast<char>(dump.at(environment + i, 1));
  }
  EXPECT_THAT(text, testing::HasSubstr(peb.secret));
  const auto list = dump.at(peb.address + 0x18) + 0x10;
  std::vector<std::uint64_t> bases, expected;
  for (auto entry = dump.at(list); entry != list; entry = dump.at(entry)) {
    bases.push_back(dump.at(entry + 0x30));
  }
  for (const auto& module : peb.modules) expected.push_back(module.base);
  EXPECT_EQ(bases, expected);
}

/// The entry of the last level for an address of the last page table.
std::uint64_t entry_of(const KernelMachine& machine, std::uint64_t address) {
  std::uint64_t table = machine.truth().directory_table;
  const auto read = [&machine](std::uint64_t physical) {
    std::uint64_t value = 0;
    const auto& bytes = machine.pages.at(physical >> 12).bytes;
    for (int i = 8; i-- > 0;) {
      value = value << 8 |
              static_cast<unsigned char>(bytes.at((physical & 0xfff) + static_cast<unsigned>(i)));
    }
    return value;
  };
  for (int shift = machine.options.five_levels ? 48 : 39; shift > 12; shift -= 9) {
    table = read(table + 8 * (address >> shift & 0x1ff)) & 0x000f'ffff'ffff'f000;
  }
  return read(table + 8 * (address >> 12 & 0x1ff));
}

TEST(KernelMachine, ItsPagesAreMappedInEachWay) {
  for (const bool five_levels : {false, true}) {
    for (const bool swizzled : {false, true}) {
      const auto machine =
          make_kernel_machine({.five_levels = five_levels, .swizzled_ptes = swizzled});
      for (const auto& probe : machine.truth().probes) {
        if (!probe.bytes.empty()) {
          const auto& page = machine.pages.at(probe.physical >> 12).bytes;
          EXPECT_EQ(page.substr(probe.physical & 0xfff, probe.bytes.size()), probe.bytes)
              << probe.way;
        }
        if (probe.way == "4 KB" || probe.way == "2 MB" || probe.way == "1 GB") {
          EXPECT_EQ(machine.physical(probe.address), probe.physical) << probe.way;
          continue;
        }
        auto entry = entry_of(machine, probe.address);
        EXPECT_EQ(entry & 1, 0u) << probe.way;
        if (probe.way != "transition" && probe.way != "kernel transition") continue;
        EXPECT_EQ(entry & 0xc01, 0x800u) << probe.way;
        if ((entry & 0x10) == 0) entry ^= 1ull << 45;
        EXPECT_EQ(entry & 0x000f'ffff'ffff'f000, probe.physical & ~0xfffull) << probe.way;
      }
    }
  }
}

TEST(KernelMachine, TheRequestThatABugcheckNamesLeadsToItsDriver) {
  const auto machine = make_kernel_machine({.crash = KernelCrash::PowerState});
  const FullDump dump(machine);
  const auto irp = dump.number(0x58);
  const auto location = dump.at(irp + 0xb8);
  EXPECT_EQ(dump.at(location, 1), 0x16u);
  const auto device = dump.at(location + 0x28);
  EXPECT_EQ(device, dump.number(0x48));
  const auto driver = dump.at(device + 8);
  EXPECT_EQ(driver, machine.truth().irp.driver_object);
  EXPECT_EQ(dump.at(driver + 0x18), machine.truth().modules.back().base);
  EXPECT_EQ(machine.truth().crash_process, machine.truth().idle.address);
}

TEST(KernelMachine, APatchedByteAndARemovedPageAreSoInTheFile) {
  auto machine = make_kernel_machine();
  const auto kdbg = machine.truth().kdbg;
  const auto stack = machine.physical(machine.truth().bugcheck_stack.front().stack_pointer) >> 12;
  machine.patch_virtual(kdbg + 0x10, "XXXX").remove_page(stack);
  const FullDump dump(machine);
  EXPECT_EQ(dump.file().substr(dump.translate(kdbg + 0x10), 4), "XXXX");
  EXPECT_FALSE(machine.holds(KernelDumpKind::BitmapKernel, stack));
  EXPECT_FALSE(machine.holds(KernelDumpKind::BitmapFull, stack));
}

}  // namespace
}  // namespace vigil::test
