// SPDX-License-Identifier: Apache-2.0
#include "store/join.h"

#include <gtest/gtest.h>

namespace vigil::store {
namespace {

constexpr Timestamp kStart{1'000'123'456};
constexpr Timestamp kDeath{1'060'000'000};
constexpr Microseconds kWindow{10'000'000};

Signal signal_at(Timestamp at, std::optional<Timestamp> start) {
  Signal signal;
  signal.at = at;
  signal.process_start = start;
  return signal;
}

Candidate row(std::int64_t id, std::optional<Timestamp> start, Timestamp first, Timestamp last) {
  return {CaptureId{id}, start, first, last};
}

TEST(SameStart, IsExactWhereBothAreExact) {
  EXPECT_TRUE(same_start({5'000'001}, {5'000'001}));
  EXPECT_FALSE(same_start({5'000'001}, {5'000'002}));
}

TEST(SameStart, TakesAWholeSecondForAnyMomentInIt) {
  EXPECT_TRUE(same_start({5'000'000}, {5'999'999}));
  EXPECT_TRUE(same_start({5'999'999}, {5'000'000}));
  EXPECT_FALSE(same_start({5'000'000}, {6'000'000}));
  EXPECT_FALSE(same_start({4'999'999}, {5'000'000}));
}

TEST(SameStart, HasTheSameRangeInADatabase) {
  for (const std::int64_t start : {-1'500'000, -1'000'000, 0, 5'000'000, 5'000'001, 5'999'999}) {
    const auto starts = same_starts({start});
    for (std::int64_t other = start - 2'000'000; other <= start + 2'000'000; other += 1) {
      if (other % 1'000 > 1 && other % 1'000 < 999) continue;
      const bool in_range =
          other == starts.whole.us || (other >= starts.first.us && other <= starts.last.us);
      ASSERT_EQ(in_range, same_start({start}, {other})) << start << " and " << other;
    }
  }
}

TEST(FindRow, JoinsTheSameStartHoweverLate) {
  const auto late = signal_at(kDeath + Microseconds(3'600'000'000), kStart);
  EXPECT_EQ(find_row(late, {row(7, kStart, kDeath, kDeath)}, kWindow), CaptureId{7});
}

TEST(FindRow, NeverJoinsAnotherStart) {
  const auto other = signal_at(kDeath, kStart + Microseconds(1));
  EXPECT_EQ(find_row(other, {row(7, kStart, kDeath, kDeath)}, kWindow), std::nullopt);
}

TEST(FindRow, JoinsASignalWithoutStartWithinTheWindowOnBothSides) {
  const std::vector rows = {row(7, kStart, kDeath, kDeath)};
  EXPECT_EQ(find_row(signal_at(kDeath + kWindow, {}), rows, kWindow), CaptureId{7});
  EXPECT_EQ(find_row(signal_at(kDeath - kWindow, {}), rows, kWindow), CaptureId{7});
  EXPECT_EQ(find_row(signal_at(kDeath + kWindow + Microseconds(1), {}), rows, kWindow),
            std::nullopt);
  EXPECT_EQ(find_row(signal_at(kDeath - kWindow - Microseconds(1), {}), rows, kWindow),
            std::nullopt);
}

TEST(FindRow, JoinsASignalWithStartToARowWithoutOne) {
  const std::vector rows = {row(7, {}, kDeath, kDeath)};
  EXPECT_EQ(find_row(signal_at(kDeath + kWindow, kStart), rows, kWindow), CaptureId{7});
  EXPECT_EQ(find_row(signal_at(kDeath + kWindow + Microseconds(1), kStart), rows, kWindow),
            std::nullopt);
}

TEST(FindRow, PrefersTheSameStartToANewerRowWithoutStart) {
  const std::vector rows = {row(8, {}, kDeath, kDeath), row(7, kStart, kDeath, kDeath)};
  EXPECT_EQ(find_row(signal_at(kDeath, kStart), rows, kWindow), CaptureId{7});
}

TEST(FindRow, TakesTheNewestOfSeveral) {
  const std::vector rows = {row(8, Timestamp{kDeath.us - 1}, kDeath, kDeath),
                            row(7, kStart, kDeath, kDeath)};
  EXPECT_EQ(find_row(signal_at(kDeath, {}), rows, kWindow), CaptureId{8});
}

TEST(FindRow, LeavesAProcessThatWasCreatedAfterTheDeathAlone) {
  const auto created_later = kDeath + Microseconds(5'000'001);
  EXPECT_EQ(find_row(signal_at(kDeath, {}),
                     {row(8, created_later, kDeath + kWindow, kDeath + kWindow)}, kWindow),
            std::nullopt);
  EXPECT_EQ(
      find_row(signal_at(kDeath + kWindow, created_later), {row(7, {}, kDeath, kDeath)}, kWindow),
      std::nullopt);
}

TEST(FactsOf, TakesEachFactFromTheEarliestSignalThatKnowsIt) {
  auto late = signal_at(kDeath + Microseconds(2), kStart);
  late.exception_code = 0xc0000005;
  late.process = "Orders.exe";
  auto early = signal_at(kDeath, {});
  early.exit_code = 3;
  early.process = "orders.exe";
  const auto facts = facts_of({late, early});
  EXPECT_EQ(facts.process, "orders.exe");
  EXPECT_EQ(facts.exception_code, 0xc0000005);
  EXPECT_EQ(facts.exit_code, 3u);
  EXPECT_EQ(facts.process_start, kStart);
  EXPECT_EQ(facts.first_signal, kDeath);
  EXPECT_EQ(facts.last_signal, kDeath + Microseconds(2));
}

TEST(FactsOf, IsACrashWhereAnySignalSaysSo) {
  auto exit = signal_at(kDeath, kStart);
  exit.kind = Kind::Exit;
  EXPECT_EQ(facts_of({exit}).kind, Kind::Exit);
  EXPECT_EQ(facts_of({exit, signal_at(kDeath, kStart)}).kind, Kind::Crash);
}

TEST(FactsOf, PrefersAnExactStart) {
  const Timestamp whole{1'000'000'000};
  EXPECT_EQ(facts_of({signal_at(kDeath, whole), signal_at(kDeath, kStart)}).process_start, kStart);
  EXPECT_EQ(facts_of({signal_at(kDeath, kStart), signal_at(kDeath, whole)}).process_start, kStart);
}

}  // namespace
}  // namespace vigil::store
