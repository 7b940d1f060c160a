// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "capture/selection.h"

namespace vigil::capture {
namespace {

using rules::DumpKind;
using Ranges = std::vector<MemoryRange>;

constexpr std::uint32_t kPrivate = 0x2'0000, kMapped = 0x4'0000, kImage = 0x100'0000;
constexpr std::uint32_t kReadOnly = 2, kReadWrite = 4, kWriteCopy = 8, kExecuteRead = 0x20;
constexpr std::uint64_t kMiB = 1 << 20;

RegionRecord region(std::uint64_t base,
                    std::uint64_t size,
                    std::uint32_t type,
                    std::uint32_t protect = kReadWrite,
                    std::uint64_t allocation = 0) {
  return {.base = base,
          .size = size,
          .allocation_base = allocation == 0 ? base : allocation,
          .state = 0x1000,
          .protect = protect,
          .type = type};
}

/// One region of each sort, none touching another.
std::vector<RegionRecord> one_of_each() {
  return {
      region(0x10000, 0x1000, kPrivate, kReadWrite), region(0x20000, 0x1000, kPrivate, kReadOnly),
      region(0x30000, 0x1000, kMapped, kReadWrite),  region(0x40000, 0x1000, kMapped, kReadOnly),
      region(0x50000, 0x1000, kImage, kReadWrite),   region(0x60000, 0x1000, kImage, kReadOnly),
      region(0x70000, 0x1000, kImage, kExecuteRead), region(0x80000, 0x1000, kImage, kWriteCopy)};
}

std::vector<std::uint64_t> taken(DumpKind kind, std::uint32_t custom = 0) {
  std::vector<std::uint64_t> bases;
  const auto more = select_more(kind, rules::minidump_type_of(kind, custom), one_of_each(),
                                {{{.base = 0x60000, .size = 0x21000}}});
  for (const auto& range : more.memory) bases.push_back(range.base >> 16);
  return bases;
}

TEST(SelectMore, TakesByKind) {
  using Bases = std::vector<std::uint64_t>;
  EXPECT_EQ(taken(DumpKind::Triage), Bases{});
  EXPECT_EQ(taken(DumpKind::Mini), Bases{});
  EXPECT_EQ(taken(DumpKind::MiniPlus), (Bases{1, 2, 3, 5, 8}));
  EXPECT_EQ(taken(DumpKind::Full), (Bases{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(SelectMore, TakesByEachBitOfAMask) {
  using Bases = std::vector<std::uint64_t>;
  EXPECT_EQ(taken(DumpKind::Custom, 0x1), (Bases{5, 8}));
  EXPECT_EQ(taken(DumpKind::Custom, 0x2), (Bases{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(taken(DumpKind::Custom, 0x200), Bases{1});
  EXPECT_EQ(taken(DumpKind::Custom, 0x2000), Bases{7});
  EXPECT_EQ(taken(DumpKind::Custom, 0x1'0000), Bases{8});
  EXPECT_EQ(taken(DumpKind::Custom, 0x8'0000), Bases{6});
  EXPECT_EQ(taken(DumpKind::Custom, 0x1964), Bases{});
}

TEST(SelectMore, LeavesOutTheLargestAreaOfAMiniPlusDump) {
  // Three blocks of one size are an area of 600 MiB; a single one of 550 MiB is smaller than that.
  const std::vector<RegionRecord> regions = {
      region(0x1'0000'0000, 200 * kMiB, kPrivate), region(0x2'0000'0000, 200 * kMiB, kPrivate),
      region(0x3'0000'0000, 200 * kMiB, kPrivate), region(0x4'0000'0000, 550 * kMiB, kPrivate),
      region(0x5'0000'0000, 200 * kMiB, kMapped)};
  const auto more =
      select_more(DumpKind::MiniPlus, rules::minidump_type_of(DumpKind::MiniPlus, 0), regions, {});
  EXPECT_EQ(more.memory, (Ranges{{0x4'0000'0000, 550 * kMiB}, {0x5'0000'0000, 200 * kMiB}}));
  EXPECT_EQ(more.left_out_bytes, 600 * kMiB);
  const auto full =
      select_more(DumpKind::Full, rules::minidump_type_of(DumpKind::Full, 0), regions, {});
  EXPECT_EQ(full.left_out_bytes, 0u);
  EXPECT_EQ(full.memory.size(), 5u);
}

TEST(SelectMore, CountsOnlyWhatIsCommittedTowardsAnArea) {
  auto reserved = region(0x1'0000'0000 + 100 * kMiB, 900 * kMiB, kPrivate, 0, 0x1'0000'0000);
  reserved.state = 0x2000;
  const std::vector<RegionRecord> regions = {region(0x1'0000'0000, 100 * kMiB, kPrivate), reserved};
  const auto more =
      select_more(DumpKind::MiniPlus, rules::minidump_type_of(DumpKind::MiniPlus, 0), regions, {});
  EXPECT_EQ(more.memory, (Ranges{{0x1'0000'0000, 100 * kMiB}}));
  EXPECT_EQ(more.left_out_bytes, 0u);
}

TEST(ByWorth, TakesStacksThenDataThenPrivateMemoryThenTheRestEachOnce) {
  const auto regions = one_of_each();
  const auto all = select_full(regions);
  const Ranges first = {{0x20800, 0x100}, {0x20000, 0x900}};
  EXPECT_EQ(by_worth(all, first, regions, 0x10'0000),
            (Ranges{{0x20800, 0x100},  // the innermost part of a stack, then what is around it
                    {0x20000, 0x800},
                    {0x50000, 0x1000},
                    {0x80000, 0x1000},
                    {0x10000, 0x1000},
                    {0x20900, 0x700},
                    {0x30000, 0x1000},
                    {0x40000, 0x1000},
                    {0x60000, 0x1000},
                    {0x70000, 0x1000}}));
}

TEST(ByWorth, CutsPiecesAndTakesNothingThatIsNotInTheDump) {
  const std::vector<RegionRecord> regions = {region(0x10000, 0x2000, kPrivate),
                                             region(0x30000, 0x1000, kPrivate)};
  const Ranges memory = {{0x10000, 0x1800}};
  EXPECT_EQ(by_worth(memory, {}, regions, 0x1000), (Ranges{{0x10000, 0x1000}, {0x11000, 0x800}}));
}

TEST(HeadWithin, IsAsMuchOfAStackAsIsThere) {
  const Ranges memory = {{0x1000, 0x1000}, {0x3000, 0x1000}};
  EXPECT_EQ(head_within({0x1800, 0x1000}, memory), (MemoryRange{0x1800, 0x800}));
  EXPECT_EQ(head_within({0x2800, 0x1000}, memory), MemoryRange{});
  EXPECT_EQ(head_within({0x5000, 0x1000}, memory), MemoryRange{});
}

}  // namespace
}  // namespace vigil::capture
