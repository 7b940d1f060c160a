// SPDX-License-Identifier: Apache-2.0
#include "capture/target_memory.h"

#include <gtest/gtest.h>

#include "unit/capture/fakes.h"

namespace vigil::capture {
namespace {

using testing::FakeMemory;
using testing::noise;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(ReadOrZero, ReadsOnceWhereAllIsWell) {
  FakeMemory memory;
  const auto text = noise(64 * kPageBytes);
  memory.write(0x10000, text);
  std::vector<std::byte> out(text.size());
  EXPECT_EQ(read_or_zero(memory, 0x10000, out), 0u);
  EXPECT_EQ(text_of(out), text);
  EXPECT_EQ(memory.reads, 1);
}

TEST(ReadOrZero, LosesOnlyThePagesThatAreBad) {
  for (std::uint64_t bad = 0; bad < 9; ++bad) {
    FakeMemory memory;
    memory.write(0x10000, std::string(9 * kPageBytes, 'x'));
    memory.remove_page(0x10000 + bad * kPageBytes);
    std::vector<std::byte> out(8 * kPageBytes + 100, std::byte{1});
    const auto start = 0x10000 + 50u;
    const auto lost = read_or_zero(memory, start, out);
    const auto zeros = static_cast<std::uint64_t>(std::ranges::count(out, std::byte{0}));
    const auto good = static_cast<std::uint64_t>(std::ranges::count(out, std::byte{'x'}));
    EXPECT_EQ(lost, zeros) << bad;
    EXPECT_EQ(good + zeros, out.size()) << bad;
    EXPECT_EQ(lost, bad == 0 ? kPageBytes - 50 : bad == 8 ? 150u : kPageBytes) << bad;
  }
}

TEST(ReadOrZero, FillsWhatIsGoneAltogether) {
  FakeMemory memory;
  std::vector<std::byte> out(256 * kPageBytes, std::byte{1});
  EXPECT_EQ(read_or_zero(memory, 0x10000, out), out.size());
  EXPECT_EQ(std::ranges::count(out, std::byte{0}), static_cast<std::ptrdiff_t>(out.size()));
}

TEST(TargetMemory, ReadsUpToTheFirstBadPage) {
  FakeMemory memory;
  memory.write(0x10000, std::string(2 * kPageBytes, 'x'));
  EXPECT_EQ(memory.read_up_to(0x10100, 0x300).size(), 0x300u);
  EXPECT_EQ(memory.read_up_to(0x10100, 1 << 20).size(), 2 * kPageBytes - 0x100);
  EXPECT_TRUE(memory.read_up_to(0x50000, 100).empty());
  EXPECT_TRUE(memory.read_up_to(0xffff'ffff'ffff'fff0, 100).empty());
}

TEST(TargetMemory, ReadsAUnicodeStringNoLongerThanAskedFor) {
  FakeMemory memory;
  memory.write_value<std::uint16_t>(0x10000, 6);
  memory.write_value<std::uint64_t>(0x10008, 0x11000);
  memory.write(0x11000, std::string_view("a\0b\0c\0d\0", 8));
  EXPECT_EQ(memory.read_unicode_string(0x10000, 100), u"abc");
  EXPECT_EQ(memory.read_unicode_string(0x10000, 2), u"ab");
  memory.write_value<std::uint64_t>(0x10008, 0x99000);
  EXPECT_EQ(memory.read_unicode_string(0x10000, 100), u"");
}

TEST(PatchedMemory, ShowsTheBytesThatBreakpointsReplaced) {
  FakeMemory memory;
  memory.write(0x10000, "abcdef");
  PatchedMemory patched(memory);
  patched.set(0x10001, std::byte{'B'});
  patched.set(0x10005, std::byte{'F'});
  std::vector<std::byte> out(6);
  ASSERT_TRUE(patched.read(0x10000, out));
  EXPECT_EQ(text_of(out), "aBcdeF");
  ASSERT_TRUE(patched.read(0x10002, std::span(out).first(3)));
  EXPECT_EQ(text_of(std::span(out).first(3)), "cde");
}

TEST(CopiedMemory, StaysWhenTheProcessGoesOn) {
  FakeMemory memory;
  memory.write(0x10000, std::string(3 * kPageBytes, 'x'));
  memory.remove_page(0x11000);
  const std::vector<MemoryRange> ranges = {{0x10000, 3 * kPageBytes}};
  CopiedMemory copy(memory, ranges);
  memory.write(0x10000, std::string(100, 'y'));
  EXPECT_EQ(copy.unreadable_bytes(), kPageBytes);
  std::vector<std::byte> out(100);
  ASSERT_TRUE(copy.read(0x10000, out));
  EXPECT_EQ(text_of(out), std::string(100, 'x'));
  EXPECT_FALSE(copy.read(0x0ffff, out));
  EXPECT_FALSE(copy.read(0x10000 + 3 * kPageBytes - 50, out));
}

}  // namespace
}  // namespace vigil::capture
