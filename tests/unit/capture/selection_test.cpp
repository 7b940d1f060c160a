// SPDX-License-Identifier: Apache-2.0
#include "capture/selection.h"

#include <gtest/gtest.h>

namespace vigil::capture {

// GoogleTest finds it by its namespace.
static void PrintTo(const MemoryRange& range, std::ostream* out) {
  *out << std::hex << "{0x" << range.base << ", 0x" << range.size << "}";
}

namespace {

using Ranges = std::vector<MemoryRange>;

RegionRecord committed(std::uint64_t base, std::uint64_t size, std::uint32_t protect = 4) {
  return {.base = base, .size = size, .allocation_base = base, .state = 0x1000, .protect = protect};
}

TEST(SelectFull, TakesWhatCanBeReadAndJoinsNeighbours) {
  auto reserved = committed(0x5000, 0x1000);
  reserved.state = 0x2000;
  const std::vector<RegionRecord> regions = {committed(0x1000, 0x1000),
                                             committed(0x2000, 0x1000, 0x20),
                                             committed(0x3000, 0x1000, 1),
                                             committed(0x4000, 0x1000, 0x104),
                                             reserved,
                                             committed(0x6000, 0x2000, 2)};
  EXPECT_EQ(select_full(regions), (Ranges{{0x1000, 0x2000}, {0x6000, 0x2000}}));
}

TEST(SelectMini, TakesAStackFromBelowItsPointerToItsBase) {
  const std::vector<RegionRecord> regions = {committed(0x10000, 0x10000)};
  const MiniRequest request{
      .stacks = {{.stack_pointer = 0x1f000, .limit = 0x10000, .base = 0x20000}}};
  const auto selection = select_mini(request, regions);
  EXPECT_EQ(selection.memory,
            (Ranges{{0x1f000 - kBelowStackPointer, 0x1000 + kBelowStackPointer}}));
  EXPECT_EQ(selection.stacks, (Ranges{{0x1f000, 0x1000}}));
}

TEST(SelectMini, KeepsBothEndsOfADeepStack) {
  const std::vector<RegionRecord> regions = {committed(0x1000000, 0x1000000)};
  const MiniRequest request{
      .stacks = {{.stack_pointer = 0x1002000, .limit = 0x1001000, .base = 0x2000000}}};
  const auto selection = select_mini(request, regions);
  ASSERT_EQ(selection.memory.size(), 2u);
  EXPECT_EQ(selection.memory[0].base, 0x1002000 - kBelowStackPointer);
  EXPECT_EQ(selection.memory[0].size + selection.memory[1].size, kMaxStackBytes);
  EXPECT_EQ(selection.memory[1], (MemoryRange{0x2000000 - kOuterStackBytes, kOuterStackBytes}));
  EXPECT_EQ(selection.stacks[0].base, 0x1002000u);
  EXPECT_EQ(selection.stacks[0].end(), selection.memory[0].end());
}

TEST(SelectMini, TakesSomethingOfAStackPointerThatIsNowhere) {
  const std::vector<RegionRecord> regions = {committed(0x100000, 0x100000),
                                             committed(0x900000, 0x1000)};
  const MiniRequest request{
      .stacks = {{.stack_pointer = 0x900800, .limit = 0x100000, .base = 0x200000},
                 {.stack_pointer = 0xdead0000, .limit = 0, .base = 0}}};
  const auto selection = select_mini(request, regions);
  EXPECT_EQ(selection.memory, (Ranges{{0x200000 - 0x10000, 0x10000}, {0x900800 - 128, 0x880}}));
  EXPECT_EQ(selection.stacks, (Ranges{{0x900800, 0x800}, {}}));
}

TEST(SelectMini, TakesWhatRegistersPointAtAsFarAsItCanBeRead) {
  const std::vector<RegionRecord> regions = {committed(0x10000, 0x1000),
                                             committed(0x11000, 0x1000, 1)};
  const MiniRequest request{.pointers = {0x10010, 0x10f00, 0, 0xffff'ffff'ffff'ffff, 0x11800}};
  EXPECT_EQ(select_mini(request, regions).memory,
            (Ranges{{0x10000, 0x10 + kBehindPointer},
                    {0x10f00 - kBeforePointer, 0x100 + kBeforePointer}}));
}

TEST(SelectMini, TakesTheCodeAroundEachThread) {
  const std::vector<RegionRecord> regions = {committed(0x400000, 0x10000, 0x20)};
  const MiniRequest request{.stacks = {{.instruction = 0x401000}, {.instruction = 0x401080}}};
  EXPECT_EQ(select_mini(request, regions).memory, (Ranges{{0x401000 - 128, 128 + 0x80 + 128}}));
}

TEST(SelectMini, NeverTakesWhatIsWithheld) {
  const std::vector<RegionRecord> regions = {committed(0x10000, 0x10000)};
  const MiniRequest request{.pointers = {0x12000},
                            .whole = {{0x11f00, 0x1000}},
                            .withheld = {{0x12800, 0x400}, {0x12000, 0x100}, {0x12c00, 0x10}}};
  EXPECT_EQ(select_mini(request, regions).memory,
            (Ranges{{0x11f00, 0x100}, {0x12100, 0x700}, {0x12c10, 0x2f0}}));
}

TEST(SelectMini, LeavesOutLaterStacksAboveItsLimit) {
  const std::vector<RegionRecord> regions = {committed(0, 1ull << 40)};
  MiniRequest request;
  for (std::uint64_t i = 1; i <= 400; ++i) {
    const auto base = i << 24;
    request.stacks.push_back(
        {.stack_pointer = base + 0x1000, .limit = base, .base = base + 0x800000});
  }
  const auto selection = select_mini(request, regions);
  std::uint64_t total = 0;
  for (const auto& range : selection.memory) total += range.size;
  EXPECT_LE(total, kMaxMiniBytes);
  EXPECT_GT(selection.left_out_bytes, 0u);
  EXPECT_EQ(selection.stacks.front().size, kMaxStackBytes - kOuterStackBytes - kBelowStackPointer);
  EXPECT_EQ(selection.stacks.back(), MemoryRange{});
}

TEST(LiveStack, ReachesFromThePointerToTheBase) {
  const std::vector<MemoryRange> full = {{0x10000, 0x20000}};
  EXPECT_EQ(live_stack({.stack_pointer = 0x11000, .limit = 0x10000, .base = 0x20000}, full),
            (MemoryRange{0x11000, 0xf000}));
  EXPECT_EQ(live_stack({.stack_pointer = 0x99000, .limit = 0x10000, .base = 0x20000}, full).size,
            0u);
}

}  // namespace
}  // namespace vigil::capture
