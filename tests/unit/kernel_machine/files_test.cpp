// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/kernel_machine.h"

/// The files of made machines at the offsets that the formats document, read by hand.
namespace vigil::test {
namespace {

std::uint64_t number(const std::string& file, std::uint64_t offset, int width = 8) {
  std::uint64_t value = 0;
  for (int i = width; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(file.at(offset + static_cast<unsigned>(i)));
  }
  return value;
}

/// The page of a bitmap dump, by counting the bits before its own; empty: it is not there.
std::string bitmap_page(const std::string& file, std::uint64_t pfn) {
  const auto bit = [&file](std::uint64_t at) {
    return static_cast<unsigned char>(file.at(0x2038 + at / 8)) >> at % 8 & 1;
  };
  if (bit(pfn) == 0) return {};
  std::uint64_t before = 0;
  for (std::uint64_t i = 0; i < pfn; ++i) before += static_cast<std::uint64_t>(bit(i));
  return file.substr(number(file, 0x2020) + 0x1000 * before, 0x1000);
}

/// The page of an RDMP dump, by its ranges.
std::string live_page(const std::string& file, std::uint64_t pfn) {
  std::uint64_t before = 0;
  for (std::uint64_t at = 0x2030; number(file, at + 8) != 0; at += 0x10) {
    const auto first = number(file, at), count = number(file, at + 8);
    if (pfn >= first && pfn < first + count) {
      return file.substr(number(file, 0x2018) + 0x1000 * (before + pfn - first), 0x1000);
    }
    before += count;
  }
  return {};
}

class EveryKind : public testing::TestWithParam<std::pair<KernelDumpKind, std::uint32_t>> {};

TEST_P(EveryKind, ItsPagesAreWhereItsBitmapOrItsRangesSay) {
  const auto [kind, type] = GetParam();
  const auto machine = make_kernel_machine();
  const auto file = machine.dump(kind);
  ASSERT_EQ(number(file, 0xf98, 4), type);
  EXPECT_EQ(number(file, 0xfa0), file.size());
  const bool live = type >= 8;
  EXPECT_EQ(file.substr(live ? 0x2004 : 0x2000, 8), live        ? "RDMPDUMP"
                                                    : type == 5 ? "FDMPDUMP"
                                                                : "SDMPDUMP");
  std::size_t held = 0;
  for (const auto& [pfn, page] : machine.pages) {
    const auto stored = live ? live_page(file, pfn) : bitmap_page(file, pfn);
    EXPECT_EQ(!stored.empty(), machine.holds(kind, pfn)) << pfn;
    if (stored.empty()) {
      EXPECT_TRUE(page.user) << pfn;
      continue;
    }
    EXPECT_EQ(stored, page.bytes) << pfn;
    ++held;
  }
  EXPECT_GT(held, 100u);
  if (live) {
    EXPECT_EQ(number(file, 0x2010) - 0x20, number(file, 0x2018) - 0x2040);
  } else {
    EXPECT_EQ(number(file, 0x2020) + 0x1000 * number(file, 0x2028), file.size());
  }
}

INSTANTIATE_TEST_SUITE_P(KernelMachine,
                         EveryKind,
                         testing::Values(std::pair{KernelDumpKind::Summary, 2u},
                                         std::pair{KernelDumpKind::BitmapFull, 5u},
                                         std::pair{KernelDumpKind::BitmapKernel, 6u},
                                         std::pair{KernelDumpKind::Automatic, 7u},
                                         std::pair{KernelDumpKind::Active, 5u},
                                         std::pair{KernelDumpKind::LiveKernel, 8u},
                                         std::pair{KernelDumpKind::LiveKernelUser, 9u},
                                         std::pair{KernelDumpKind::LiveComplete, 0xau}));

TEST(KernelMachine, TheOldBitmapHasAHeaderOfSmallNumbers) {
  const auto file = make_kernel_machine({.build = 9600}).dump(KernelDumpKind::SummaryOld);
  EXPECT_EQ(file.substr(0x2000, 8), "SDMPDUMP");
  EXPECT_EQ(number(file, 0x200c, 4) + 0x1000 * number(file, 0x2014, 4), file.size());
  EXPECT_EQ(number(file, 0x2010, 4), number(file, 0x2018, 4));
  EXPECT_EQ(number(file, 0x2010, 4), 0x14'0060u);
}

TEST(KernelMachine, TriageDumpsHaveTheirPartsWhereRealOnesHaveThem) {
  const auto machine = make_kernel_machine({.build = 26100});
  const auto file = machine.dump(KernelDumpKind::TriageKernelGenerated);
  EXPECT_EQ(number(file, 0x1038, 4), 0xdffu);
  EXPECT_EQ(number(file, 0x1050, 4), 0x2'1008u);
  EXPECT_EQ(number(file, 0xfa0), file.size());
  EXPECT_EQ(file.substr(number(file, 0x2008, 4), 4), "TRGD");
  EXPECT_EQ(number(file, 0x2008, 4) + 4, number(file, 0x2004, 4));
  const auto& truth = machine.truth();
  // PRCB, EPROCESS, ETHREAD one after the other, then the stack
  EXPECT_EQ(number(file, 0x201c, 4), 0x20d0u);
  EXPECT_EQ(number(file, 0x2020, 4), 0x20d0u + 0xcf00);
  EXPECT_EQ(number(file, 0x2024, 4), 0x20d0u + 0xcf00 + 0x840);
  EXPECT_EQ(number(file, 0x2028, 4), 0x20d0u + 0xcf00 + 0x840 + 0x788);
  EXPECT_EQ(number(file, 0x20d0 + 8), truth.crash_thread);
  EXPECT_EQ(number(file, number(file, 0x2024, 4) + 0x220), truth.crash_process);
  EXPECT_EQ(number(file, 0x2048), truth.bugcheck_stack.front().stack_pointer);
  EXPECT_EQ(file.substr(number(file, 0x2070, 4) + 0x10, 4), "KDBG");
  EXPECT_EQ(number(file, 0x2074, 4), 0x3a0u);
  EXPECT_EQ(number(file, 0x2080 + 0x38), truth.memory.committed);
  // The name of the first driver, and the bytes of the first block of data.
  const auto name = number(file, number(file, 0x2030, 4), 4);
  EXPECT_EQ(number(file, name, 4), std::string("ntoskrnl.exe").size());
  EXPECT_EQ(file.substr(name + 4, 4), std::string("n\0t\0", 4));
  const auto block = number(file, 0x2078, 4);
  EXPECT_EQ(file.substr(number(file, block + 8, 4), 16),
            machine.read_virtual(number(file, block), 16));
}

TEST(KernelMachine, TheOtherTriageWriterLeavesFieldsUnfilled) {
  const auto machine = make_kernel_machine({.crash = KernelCrash::SystemThread});
  const auto file = machine.dump(KernelDumpKind::TriageClassic);
  EXPECT_EQ(number(file, 0x38, 4), 0x1000'007eu);
  EXPECT_EQ(file.substr(0x88, 8), "PAGEPAGE");
  EXPECT_EQ(file.substr(0x1050, 8), "PAGEPAGE");
  EXPECT_EQ(number(file, 0x2044, 4), 0xffff'ffffu);
  EXPECT_EQ(number(file, 0x2018, 4), 0x20d0u);
  EXPECT_EQ(number(file, 0x20d0), machine.truth().unloaded.size());
  EXPECT_EQ(number(file, 0x348 + 0xf8), machine.truth().fault_instruction);
  EXPECT_EQ(number(file, 0x2004, 4), file.size());
}

TEST(KernelMachine, AnArm64DumpHasItsRegistersAndAStackOfFramePointers) {
  const auto made = make_kernel_dump_arm64();
  const auto& file = made.file;
  EXPECT_EQ(number(file, 0x30, 4), 0xaa64u);
  EXPECT_EQ(number(file, 0xfa0), file.size());
  std::vector<std::uint64_t> found{number(file, 0x348 + 0x108)}, expected;
  const auto stack = number(file, 0x2028, 4), top = number(file, 0x2048);
  for (auto fp = number(file, 0x348 + 0xf0);; fp = number(file, stack + fp - top)) {
    const auto resume = number(file, stack + fp - top + 8);
    if (resume == 0) break;
    found.push_back(resume);
  }
  for (const auto& frame : made.truth.bugcheck_stack) expected.push_back(frame.instruction);
  EXPECT_EQ(found, expected);
  EXPECT_EQ(number(file, number(file, 0x2020, 4) + 0x3f8), made.truth.processes.front().pid);
}

TEST(KernelMachine, ASparseDumpHasItsPagesBehindALargeBitmap) {
  const auto machine = make_kernel_machine();
  const auto path = std::filesystem::path(testing::TempDir()) / "kernel_machine_sparse.dmp";
  constexpr std::uint64_t kMemory = 6ull << 30;
  write_sparse_dump(machine, KernelDumpKind::BitmapKernel, kMemory, path.string());
  std::ifstream input(path, std::ios::binary);
  std::string start(0x2038 + kMemory / 0x1000 / 8, '\0');
  input.read(start.data(), static_cast<std::streamsize>(start.size()));
  EXPECT_EQ(number(start, 0x2030), kMemory / 0x1000);
  EXPECT_EQ(number(start, 0xfa0), std::filesystem::file_size(path));
  const auto pfn = machine.physical(machine.truth().kdbg) / 0x1000;
  std::uint64_t before = 0;
  for (std::uint64_t i = 0; i < pfn; ++i) {
    before += static_cast<unsigned char>(start.at(0x2038 + i / 8)) >> i % 8 & 1u;
  }
  std::string page(0x1000, '\0');
  input.seekg(static_cast<std::streamoff>(number(start, 0x2020) + 0x1000 * before));
  input.read(page.data(), 0x1000);
  EXPECT_EQ(page, machine.pages.at(pfn).bytes);
  input.close();
  std::filesystem::remove(path);
}

TEST(KernelMachine, IsTheSameEachTime) {
  EXPECT_EQ(make_kernel_machine().dump(KernelDumpKind::BitmapFull),
            make_kernel_machine().dump(KernelDumpKind::BitmapFull));
}

}  // namespace
}  // namespace vigil::test
