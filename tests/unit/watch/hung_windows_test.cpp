// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <vector>

#include <gtest/gtest.h>

#include "watch/watch.h"

namespace vigil::watch {
namespace {

using namespace std::chrono_literals;

constexpr ProcessId kOrders{40}, kBilling{44};
constexpr std::uint32_t kAnna = 1, kBob = 2;

TEST(HungWindows, AreHungSinceTheFirstReportInARow) {
  HungWindows windows;
  EXPECT_FALSE(windows.hung_for(kOrders, 0s));
  windows.report(kAnna, 100s, std::vector{kOrders});
  EXPECT_EQ(windows.hung_for(kOrders, 100s), 0s);
  EXPECT_FALSE(windows.hung_for(kBilling, 100s));
  windows.report(kAnna, 101s, std::vector{kOrders, kBilling});
  EXPECT_EQ(windows.hung_for(kOrders, 103s), 3s);
  EXPECT_EQ(windows.hung_for(kBilling, 103s), 2s);
}

TEST(HungWindows, OneThatRespondedBeginsAnew) {
  HungWindows windows;
  windows.report(kAnna, 100s, std::vector{kOrders});
  windows.report(kAnna, 101s, {});
  EXPECT_FALSE(windows.hung_for(kOrders, 101s));
  windows.report(kAnna, 102s, std::vector{kOrders});
  EXPECT_EQ(windows.hung_for(kOrders, 102s), 0s);
}

TEST(HungWindows, AnOldReportSaysNothing) {
  HungWindows windows;
  windows.report(kAnna, 100s, std::vector{kOrders});
  EXPECT_TRUE(windows.hung_for(kOrders, 110s));
  EXPECT_FALSE(windows.hung_for(kOrders, 110s + 1us));
  windows.report(kAnna, 111s, std::vector{kOrders});
  EXPECT_EQ(windows.hung_for(kOrders, 111s), 0s) << "nobody knows what was in between";
}

TEST(HungWindows, SessionsAreApart) {
  HungWindows windows;
  windows.report(kAnna, 100s, std::vector{kOrders});
  windows.report(kBob, 101s, std::vector{kBilling});
  EXPECT_EQ(windows.hung_for(kOrders, 102s), 2s);
  windows.forget(kAnna);
  EXPECT_FALSE(windows.hung_for(kOrders, 102s));
  EXPECT_EQ(windows.hung_for(kBilling, 102s), 1s);
}

}  // namespace
}  // namespace vigil::watch
