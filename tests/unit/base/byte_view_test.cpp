// SPDX-License-Identifier: Apache-2.0
#include "base/byte_view.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace vigil {
namespace {

using namespace std::string_view_literals;

TEST(ByteView, ReadsLittleEndianValuesAtAnyAlignment) {
  const ByteView bytes("\x00\x78\x56\x34\x12"sv);
  EXPECT_EQ(bytes.read<std::uint32_t>(1).value(), 0x12345678u);
}

TEST(ByteView, RefusesAReadThatEndsOneByteTooLate) {
  const ByteView bytes("abcd"sv);
  const auto value = bytes.read<std::uint32_t>(1);
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().code(), Errc::Truncated);
  EXPECT_EQ(value.error().message(), "needs 4 bytes at offset 0x1 and has 4 in all");
}

TEST(ByteView, RefusesOffsetsWhoseSumWouldWrap) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  const ByteView bytes("abcd"sv);
  EXPECT_FALSE(bytes.contains(kMax, 1));
  EXPECT_FALSE(bytes.contains(1, kMax));
  EXPECT_FALSE(bytes.read<std::uint8_t>(kMax).ok());
  EXPECT_FALSE(bytes.slice(2, kMax - 1).ok());
  EXPECT_FALSE(bytes.read_array<std::uint32_t>(0, kMax / 2).ok());
}

TEST(ByteView, AllowsAnEmptySliceAtTheEnd) {
  const ByteView bytes("abcd"sv);
  EXPECT_TRUE(bytes.slice(4, 0).ok());
  EXPECT_FALSE(bytes.slice(5, 0).ok());
}

TEST(ByteView, ClampsToWhatIsThere) {
  const ByteView bytes("abcd"sv);
  EXPECT_EQ(bytes.clamp(2, 100).text(), "cd");
  EXPECT_TRUE(bytes.clamp(100, 1).empty());
}

TEST(ByteView, ReadsAStringUpToItsNul) {
  const ByteView bytes("xabc\0y"sv);
  EXPECT_EQ(bytes.c_string(1, 10).value(), "abc");
}

TEST(ByteView, TellsAStringWithoutEndFromOneThatIsTooLong) {
  const ByteView bytes("abcd"sv);
  EXPECT_EQ(bytes.c_string(0, 10).error().code(), Errc::Truncated);
  EXPECT_EQ(bytes.c_string(0, 3).error().code(), Errc::LimitExceeded);
}

TEST(RawArray, CopiesEachValueOut) {
  const auto array = ByteView("\1\0\2\0\3\0"sv).read_array<std::uint16_t>(0, 3);
  ASSERT_TRUE(array.ok());
  EXPECT_EQ(array->size(), 3u);
  EXPECT_EQ((*array)[2], 3);
}

}  // namespace
}  // namespace vigil
