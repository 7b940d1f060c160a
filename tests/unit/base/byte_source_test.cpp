// SPDX-License-Identifier: Apache-2.0
#include "base/byte_source.h"

#include <limits>
#include <string_view>

#include <gtest/gtest.h>

namespace vigil {
namespace {

using namespace std::string_view_literals;

/// Sixteen bytes of which the second half cannot be brought in.
class HalfReadable final : public ByteSource {
 public:
  [[nodiscard]] std::uint64_t size() const noexcept override { return 16; }
  [[nodiscard]] Result<ByteView> view(std::uint64_t offset, std::uint64_t size) override {
    if (offset > 8 || size > 8 - offset) return Error{Errc::Io, "unreadable"};
    return ByteView("01234567"sv).slice(offset, size);
  }
};

TEST(MemorySource, GivesWhatIsThere) {
  MemorySource source(ByteView("abcdef"sv));
  EXPECT_EQ(source.size(), 6u);
  EXPECT_EQ(source.view(2, 3)->text(), "cde");
  EXPECT_EQ(source.view(6, 0)->text(), "");
}

TEST(MemorySource, RefusesWhatIsPastTheEnd) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  MemorySource source(ByteView("abcdef"sv));
  EXPECT_EQ(source.view(4, 3).error().code(), Errc::Truncated);
  EXPECT_EQ(source.view(7, 0).error().code(), Errc::Truncated);
  EXPECT_EQ(source.view(kMax, kMax).error().code(), Errc::Truncated);
}

TEST(ByteSource, ClampsToTheEnd) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  MemorySource source(ByteView("abcdef"sv));
  EXPECT_EQ(source.clamp(4, 100).text(), "ef");
  EXPECT_EQ(source.clamp(4, kMax).text(), "ef");
  EXPECT_TRUE(source.clamp(6, 1).empty());
  EXPECT_TRUE(source.clamp(kMax, 1).empty());
  EXPECT_TRUE(source.clamp(0, 0).empty());
}

TEST(ByteSource, ClampGivesNothingWhereBytesCannotBeBroughtIn) {
  HalfReadable source;
  EXPECT_EQ(source.clamp(0, 8).text(), "01234567");
  EXPECT_TRUE(source.clamp(4, 8).empty());
}

}  // namespace
}  // namespace vigil
