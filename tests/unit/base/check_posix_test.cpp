// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include <gtest/gtest.h>

#include "base/byte_view.h"
#include "base/result.h"

/// Our own mistakes end the process. Here only, because starting a second process for each of these
/// is slow under Wine and shows nothing that is not the same everywhere.
namespace vigil {
namespace {

using namespace std::string_view_literals;

TEST(CheckDeathTest, ReadingTheWrongSideOfAResultEndsTheProcess) {
  const Result<int> value = 1;
  const Result<int> error = Error{Errc::Io, "no"};
  EXPECT_DEATH((void)value.error(), "vigil: internal error: !ok\\(\\) at .*result.h");
  EXPECT_DEATH((void)error.value(), "vigil: internal error: ok\\(\\) at");
  EXPECT_DEATH((void)*error, "vigil: internal error");
  EXPECT_DEATH((void)Status().error(), "vigil: internal error");
}

TEST(CheckDeathTest, IndexingPastARawArrayEndsTheProcess) {
  const auto array = ByteView("\1\0\2\0"sv).read_array<std::uint16_t>(0, 2);
  EXPECT_DEATH((void)(*array)[2], "vigil: internal error: index < size\\(\\)");
}

}  // namespace
}  // namespace vigil
