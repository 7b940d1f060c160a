// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "watch/watch.h"

namespace vigil::watch {
namespace {

using namespace std::chrono_literals;

constexpr ProcessId kPid{40};
constexpr std::uint32_t kStopPending = 3;

ServiceState stopping(std::uint32_t checkpoint = 1, std::string name = "Orders") {
  return {kPid, std::move(name), true, kStopPending, checkpoint, 10s};
}

TEST(PendingServices, AreOverdueBeyondTheirWaitHint) {
  PendingServices services;
  services.look(100s, std::vector{stopping()});
  EXPECT_EQ(services.overdue(kPid), 0s);
  services.look(110s, std::vector{stopping()});
  EXPECT_EQ(services.overdue(kPid), 0s);
  services.look(113s, std::vector{stopping()});
  EXPECT_EQ(services.overdue(kPid), 3s);
  EXPECT_EQ(services.overdue(ProcessId{44}), 0s);
}

TEST(PendingServices, ANewCheckpointBuysAnotherHint) {
  PendingServices services;
  services.look(100s, std::vector{stopping(1)});
  services.look(109s, std::vector{stopping(2)});
  services.look(118s, std::vector{stopping(2)});
  EXPECT_EQ(services.overdue(kPid), 0s);
  services.look(120s, std::vector{stopping(2)});
  EXPECT_EQ(services.overdue(kPid), 1s);
}

TEST(PendingServices, OneThatHasStoppedIsForgotten) {
  PendingServices services;
  services.look(100s, std::vector{stopping()});
  services.look(120s, std::vector{stopping()});
  services.look(121s, {});
  EXPECT_EQ(services.overdue(kPid), 0s);
  services.look(122s, std::vector{stopping()});
  EXPECT_EQ(services.overdue(kPid), 0s);
}

TEST(PendingServices, OfSeveralTheLongestCounts) {
  PendingServices services;
  services.look(100s, std::vector{stopping(1, "a")});
  services.look(105s, std::vector{stopping(1, "a"), stopping(1, "b")});
  services.look(120s, std::vector{stopping(1, "a"), stopping(1, "b")});
  EXPECT_EQ(services.overdue(kPid), 10s);
}

TEST(PendingServices, WithoutAHintTheServiceManagersPatienceCounts) {
  PendingServices services;
  auto hintless = stopping();
  hintless.wait_hint = 0s;
  services.look(100s, std::vector{hintless});
  services.look(129s, std::vector{hintless});
  EXPECT_EQ(services.overdue(kPid), 0s);
  services.look(132s, std::vector{hintless});
  EXPECT_EQ(services.overdue(kPid), 2s);
}

TEST(PendingServices, ARunningOneIsNotPending) {
  PendingServices services;
  auto running = stopping();
  running.pending = false;
  services.look(100s, std::vector{running});
  services.look(200s, std::vector{running});
  EXPECT_EQ(services.overdue(kPid), 0s);
}

}  // namespace
}  // namespace vigil::watch
