// SPDX-License-Identifier: Apache-2.0
#include "window_report.h"

#include <gtest/gtest.h>

namespace vigil::service {
namespace {

using Ids = std::vector<ProcessId>;

TEST(WindowReport, GoesThereAndBack) {
  for (const Ids& hung : {Ids{}, Ids{{7}}, Ids{{1}, {4'294'967'295}}}) {
    const auto parsed = parse_window_report(window_report(hung));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, hung);
  }
  EXPECT_EQ(window_report(Ids{{4711}, {8}}), "hung 4711 8");
}

TEST(WindowReport, TakesTheLineEndOfWindows) {
  const auto parsed = parse_window_report("hung 5\r");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, Ids{{5}});
}

TEST(WindowReport, NamesNoMoreThanTheLimit) {
  const Ids many(kMaxHung + 5, ProcessId{1});
  const auto line = window_report(many);
  const auto parsed = parse_window_report(line);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->size(), kMaxHung);
  EXPECT_FALSE(parse_window_report(line + " 1").ok());
  const Ids longest(kMaxHung, ProcessId{4'294'967'295});
  EXPECT_LE(window_report(longest).size(), kMaxWindowReportBytes);
}

TEST(WindowReport, RefusesEverythingElse) {
  for (const auto* line : {"", "hun", "hung5", "hung  5", "hung 5 ", "hung -1", "hung 4294967296",
                           "hung 5x", "hanging 5", "HUNG 5", "hung 0x5", "hung 5\n"}) {
    EXPECT_FALSE(parse_window_report(line).ok()) << line;
  }
}

}  // namespace
}  // namespace vigil::service
