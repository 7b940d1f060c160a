// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

class EveryBuild : public testing::TestWithParam<std::uint32_t> {};

TEST_P(EveryBuild, ItsModuleListIsReachedThroughThePageTables) {
  const auto machine = make_kernel_machine({.build = GetParam()});
  const FullDump dump(machine);
  EXPECT_EQ(dump.file().substr(0, 8), "PAGEDU64");
  EXPECT_EQ(dump.number(0x0c, 4), GetParam());
  EXPECT_EQ(dump.number(0x38, 4), 0xd1u);
  const auto head = dump.number(0x20);
  std::vector<std::uint64_t> bases, expected;
  for (auto entry = dump.at(head); entry != head; entry = dump.at(entry)) {
    bases.push_back(dump.at(entry + 0x30));
  }
  for (const auto& module : machine.truth().modules) expected.push_back(module.base);
  EXPECT_EQ(bases, expected);
}

INSTANTIATE_TEST_SUITE_P(KernelMachine,
                         EveryBuild,
                         testing::Values(9600, 17763, 19041, 20348, 26100));

}  // namespace
}  // namespace vigil::test
