// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <cstdio>
#include <limits>

#include <gtest/gtest.h>

namespace vigil {
namespace {

using namespace std::chrono_literals;

constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kSecond = 1'000'000;
constexpr Timestamp kMoment{1'795'230'245 * kSecond + 678'901};  // 2026-11-21 03:04:05.678901 UTC

TEST(Timestamp, AddsAndSubtractsMicroseconds) {
  EXPECT_EQ(Timestamp{5} + 3us, Timestamp{8});
  EXPECT_EQ(Timestamp{5} - 7us, Timestamp{-2});
  EXPECT_EQ(Timestamp{5} - Timestamp{7}, -2us);
  EXPECT_LT(Timestamp{5}, Timestamp{7});
}

TEST(Filetime, HasItsKnownPoints) {
  EXPECT_EQ(timestamp_from_filetime(0), Timestamp{-11'644'473'600 * kSecond});
  EXPECT_EQ(timestamp_from_filetime(116'444'736'000'000'000), Timestamp{0});
  EXPECT_EQ(filetime_from_timestamp({0}), 116'444'736'000'000'000u);
  EXPECT_EQ(timestamp_from_filetime(116'444'736'000'000'019), Timestamp{1});
}

TEST(Filetime, GoesThereAndBack) {
  for (const Timestamp t :
       {kMoment, Timestamp{-1}, Timestamp{-11'644'473'600 * kSecond}, Timestamp{kMax / 16}}) {
    EXPECT_EQ(timestamp_from_filetime(filetime_from_timestamp(t)), t);
  }
}

TEST(Filetime, TakesTheNearestWhereThereIsNone) {
  EXPECT_EQ(filetime_from_timestamp({kMin}), 0u);
  EXPECT_EQ(filetime_from_timestamp({-11'644'473'600 * kSecond - 1}), 0u);
  EXPECT_EQ(filetime_from_timestamp({kMax}), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(format_utc(timestamp_from_filetime(std::numeric_limits<std::uint64_t>::max())),
            "9999-12-31T23:59:59.000Z");
}

TEST(FormatUtc, HasMillisecondsAndAZone) {
  EXPECT_EQ(format_utc(kMoment), "2026-11-21T03:04:05.678Z");
  EXPECT_EQ(format_utc({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_utc({-1}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_utc({951'782'400 * kSecond}), "2000-02-29T00:00:00.000Z");
}

TEST(FormatUtc, ClampsYearsOutsideFourDigits) {
  EXPECT_EQ(format_utc({kMin}), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(format_utc({kMax}), "9999-12-31T23:59:59.000Z");
}

/// \p text as format_local() writes it, back to a moment.
Timestamp parse_local(const std::string& text) {
  int year = 0, offset_minutes = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0, offset_hours = 0;
  char sign = 0;
  unsigned minutes = 0;
  EXPECT_EQ(std::sscanf(text.c_str(), "%4d-%2u-%2u %2u:%2u:%2u %c%2u:%2u", &year, &month, &day,
                        &hour, &minute, &second, &sign, &offset_hours, &minutes),
            9)
      << text;
  offset_minutes = static_cast<int>(offset_hours * 60 + minutes) * (sign == '-' ? -1 : 1);
  const std::chrono::sys_days date{std::chrono::year(year) / static_cast<int>(month) /
                                   static_cast<int>(day)};
  const auto local = date.time_since_epoch() + std::chrono::hours(hour) +
                     std::chrono::minutes(minute) + std::chrono::seconds(second);
  return {std::chrono::duration_cast<Microseconds>(local - std::chrono::minutes(offset_minutes))
              .count()};
}

TEST(FormatLocal, NamesTheSameMomentInAnyZone) {
  for (const std::int64_t seconds : {0ll, 1'795'230'245ll, 1'751'328'000ll, 951'782'400ll}) {
    EXPECT_EQ(parse_local(format_local({seconds * kSecond})).us, seconds * kSecond)
        << format_local({seconds * kSecond});
  }
}

TEST(FormatLocal, SurvivesAnyMoment) {
  EXPECT_FALSE(format_local({kMin}).empty());
  EXPECT_FALSE(format_local({kMax}).empty());
  EXPECT_FALSE(format_local({-1}).empty());
}

TEST(FormatDuration, ChangesItsUnitAtTheBorders) {
  EXPECT_EQ(format_duration(0us), "0ms");
  EXPECT_EQ(format_duration(999us), "0ms");
  EXPECT_EQ(format_duration(12ms), "12ms");
  EXPECT_EQ(format_duration(999'999us), "999ms");
  EXPECT_EQ(format_duration(1s), "1.0s");
  EXPECT_EQ(format_duration(3'450ms), "3.4s");
  EXPECT_EQ(format_duration(59'999ms), "59.9s");
  EXPECT_EQ(format_duration(60s), "1m 00s");
  EXPECT_EQ(format_duration(3'599s), "59m 59s");
  EXPECT_EQ(format_duration(3'600s), "1h 00m");
  EXPECT_EQ(format_duration(24h - 1s), "23h 59m");
  EXPECT_EQ(format_duration(24h), "1d 00h");
  EXPECT_EQ(format_duration(24h * 400 + 5h), "400d 05h");
}

TEST(FormatDuration, TakesNegativeOnesAndTheLargest) {
  EXPECT_EQ(format_duration(-1500ms), "-1.5s");
  EXPECT_EQ(format_duration(Microseconds::max()), "106751991d 04h");
  EXPECT_EQ(format_duration(Microseconds::min()), "-106751991d 04h");
}

TEST(SystemClock, IsAfterThisWasWritten) {
  EXPECT_GT(SystemClock().now(), Timestamp{1'790'000'000 * kSecond});
}

}  // namespace
}  // namespace vigil
