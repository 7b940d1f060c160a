// SPDX-License-Identifier: Apache-2.0
#include "capture/ranges.h"

#include <gtest/gtest.h>

namespace vigil::capture {
namespace {

using Ranges = std::vector<MemoryRange>;

TEST(Ranges, AreMergedWhereTheyTouch) {
  EXPECT_EQ(merged({{0x30, 0x10}, {0x10, 0x10}, {0x20, 0x8}, {0x50, 0}}),
            (Ranges{{0x10, 0x18}, {0x30, 0x10}}));
}

TEST(Ranges, LoseTheirHoles) {
  const Ranges ranges = {{0x10, 0x30}, {0x50, 0x10}, {0x80, 0x10}};
  const Ranges holes = {{0x0, 0x18}, {0x20, 0x8}, {0x38, 0x20}, {0x80, 0x10}};
  EXPECT_EQ(without(ranges, holes), (Ranges{{0x18, 0x8}, {0x28, 0x10}, {0x58, 0x8}}));
  EXPECT_EQ(without(ranges, {}), ranges);
}

}  // namespace
}  // namespace vigil::capture
