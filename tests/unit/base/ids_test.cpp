// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <type_traits>

#include <gtest/gtest.h>

namespace vigil {
namespace {

static_assert(!std::is_convertible_v<ProcessId, ThreadId>);
static_assert(!std::is_convertible_v<std::uint32_t, ProcessId> || std::is_aggregate_v<ProcessId>);

TEST(ProcessKey, TellsTwoLivesOfOneProcessIdApart) {
  const ProcessKey first{ProcessId{8}, Timestamp{100}};
  const ProcessKey second{ProcessId{8}, Timestamp{200}};
  EXPECT_NE(first, second);
  EXPECT_LT(first, second);
  EXPECT_EQ(first, (ProcessKey{ProcessId{8}, Timestamp{100}}));
}

}  // namespace
}  // namespace vigil
