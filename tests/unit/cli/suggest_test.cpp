// SPDX-License-Identifier: Apache-2.0
#include "suggest.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

const std::vector<std::string> kCommands = {"list", "show", "status", "service"};

TEST(DidYouMean, FindsANearWord) {
  EXPECT_EQ(did_you_mean("shwo", kCommands), "; did you mean 'show'?");
  EXPECT_EQ(did_you_mean("STATUS", kCommands), "; did you mean 'status'?");
  EXPECT_EQ(did_you_mean("servce", kCommands), "; did you mean 'service'?");
}

TEST(DidYouMean, IsSilentWhereNothingIsNear) {
  EXPECT_EQ(did_you_mean("frobnicate", kCommands), "");
  EXPECT_EQ(did_you_mean("", kCommands), "");
  EXPECT_EQ(did_you_mean(std::string(100'000, 's'), kCommands), "");
}

}  // namespace
}  // namespace vigil::cli
