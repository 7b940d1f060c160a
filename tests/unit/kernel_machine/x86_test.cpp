// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/kernel_machine.h"

/// The 32-bit machine, read by hand through its page tables.
namespace vigil::test {
namespace {

std::uint64_t number(const std::string& file, std::uint64_t offset, int width = 4) {
  std::uint64_t value = 0;
  for (int i = width; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(file.at(offset + static_cast<unsigned>(i)));
  }
  return value;
}

class Pae {
 public:
  Pae(std::string file, std::vector<PhysicalRun> runs)
      : file_(std::move(file)), runs_(std::move(runs)) {}

  [[nodiscard]] std::uint64_t offset_of(std::uint64_t physical) const {
    std::uint64_t before = 0;
    for (const auto& run : runs_) {
      const auto pfn = physical >> 12;
      if (pfn >= run.first && pfn < run.first + run.count) {
        return 0x1000 * (1 + before + pfn - run.first) + (physical & 0xfff);
      }
      before += run.count;
    }
    throw std::out_of_range("no such page");
  }
  [[nodiscard]] std::uint64_t translate(std::uint64_t address) const {
    constexpr std::uint64_t kFrame = 0x000f'ffff'ffff'f000;
    const auto top = entry((number(file_, 0x10) & ~0x1full) + 8 * (address >> 30));
    const auto middle = entry((top & kFrame) + 8 * (address >> 21 & 0x1ff));
    if ((middle & 0x80) != 0) return offset_of((middle & kFrame) | (address & 0x1f'ffff));
    const auto last = entry((middle & kFrame) + 8 * (address >> 12 & 0x1ff));
    return offset_of((last & kFrame) | (address & 0xfff));
  }
  [[nodiscard]] std::uint64_t at(std::uint64_t address, int width = 4) const {
    return number(file_, translate(address), width);
  }

 private:
  [[nodiscard]] std::uint64_t entry(std::uint64_t physical) const {
    const auto value = number(file_, offset_of(physical), 8);
    EXPECT_TRUE(value & 1) << std::hex << physical;
    return value;
  }
  std::string file_;
  std::vector<PhysicalRun> runs_;
};

TEST(KernelMachine32, ItsListsAreReachedThroughThePageTables) {
  const auto machine = make_kernel_machine_32();
  const auto file = machine.dump(KernelDumpKind::Full);
  EXPECT_EQ(file.substr(0, 8), "PAGEDUMP");
  EXPECT_EQ(number(file, 0xf88), 1u);
  EXPECT_EQ(number(file, 0x5c, 1), 1u);
  const Pae dump(file, machine.runs);
  std::vector<std::uint64_t> bases, expected_bases, pids, expected_pids;
  const auto modules = number(file, 0x18);
  for (auto entry = dump.at(modules); entry != modules; entry = dump.at(entry)) {
    bases.push_back(dump.at(entry + 0x18));
  }
  for (const auto& module : machine.truth.modules) expected_bases.push_back(module.base);
  EXPECT_EQ(bases, expected_bases);
  const auto processes = number(file, 0x1c);
  for (auto entry = dump.at(processes); entry != processes; entry = dump.at(entry)) {
    pids.push_back(dump.at(entry - 4));
  }
  for (const auto& process : machine.truth.processes) expected_pids.push_back(process.pid);
  EXPECT_EQ(pids, expected_pids);
  EXPECT_EQ(dump.at(number(file, 0x60) + 0x10), 0x4742'444bu);
  EXPECT_EQ(dump.at(machine.truth.peb.address + 8), machine.truth.peb.image_base);
}

TEST(KernelMachine32, ItsFramePointersGoThroughTheTrapFrame) {
  const auto machine = make_kernel_machine_32();
  const auto file = machine.dump(KernelDumpKind::Full);
  const Pae dump(file, machine.runs);
  std::vector<std::uint64_t> found, expected;
  found.push_back(number(file, 0x320 + 0xb8));
  for (auto ebp = number(file, 0x320 + 0xb4); dump.at(ebp + 4) != 0; ebp = dump.at(ebp)) {
    found.push_back(dump.at(ebp + 4));
  }
  for (const auto& frame : machine.truth.bugcheck_stack) expected.push_back(frame.instruction);
  EXPECT_EQ(found, expected);
}

TEST(KernelMachine32, ItsOtherDumpsHaveABitmapOrTheTriageParts) {
  const auto machine = make_kernel_machine_32();
  const auto bitmap = machine.dump(KernelDumpKind::BitmapKernel);
  EXPECT_EQ(bitmap.substr(0x1000, 8), "SDMPDUMP");
  EXPECT_EQ(number(bitmap, 0x1020, 8) + 0x1000 * number(bitmap, 0x1028, 8), bitmap.size());
  EXPECT_EQ(machine.dump(KernelDumpKind::BitmapFull).substr(0x1000, 4), "FDMP");
  const auto old = machine.dump(KernelDumpKind::SummaryOld);
  EXPECT_EQ(number(old, 0x100c) + 0x1000 * number(old, 0x1014), old.size());
  const auto triage = machine.dump(KernelDumpKind::TriageClassic);
  EXPECT_EQ(triage.substr(number(triage, 0x1008), 4), "TRGD");
  EXPECT_EQ(number(triage, number(triage, 0x1020) + 0xb4), 1820u);
  EXPECT_EQ(triage.substr(number(triage, 0x1058) + 0x10, 4), "KDBG");
  EXPECT_EQ(machine.dump(KernelDumpKind::Header).size(), 0x1000u);
}

}  // namespace
}  // namespace vigil::test
