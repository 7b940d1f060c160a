// SPDX-License-Identifier: Apache-2.0
#include "base/diagnostics.h"

#include <string>

#include <gtest/gtest.h>

namespace vigil {
namespace {

TEST(Diagnostics, KeepsNotesUpToItsLimitAndCountsTheRest) {
  Diagnostics diagnostics;
  for (std::size_t i = 0; i < Diagnostics::kMaxNotes + 3; ++i) diagnostics.note(std::to_string(i));
  ASSERT_EQ(diagnostics.notes().size(), Diagnostics::kMaxNotes);
  EXPECT_EQ(diagnostics.notes().back(), std::to_string(Diagnostics::kMaxNotes - 1));
  EXPECT_EQ(diagnostics.dropped(), 3u);
}

}  // namespace
}  // namespace vigil
