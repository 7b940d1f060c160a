// SPDX-License-Identifier: Apache-2.0
#include "time_spec.h"

#include <string>

#include <gmock/gmock.h>

namespace vigil::cli {
namespace {

constexpr Timestamp kNow{1'795'230'245'678'000};  // 2026-11-21T03:04:05.678Z
constexpr Microseconds kHour{3'600'000'000};

std::string utc(std::string_view text) {
  const auto time = parse_time_spec(text, kNow, true);
  return time.ok() ? format_utc(*time) : "error: " + time.error().message();
}

TEST(TimeSpec, ReadsDatesAndTimes) {
  EXPECT_EQ(utc("2026-11-20"), "2026-11-20T00:00:00.000Z");
  EXPECT_EQ(utc("2026-11-20 13:14"), "2026-11-20T13:14:00.000Z");
  EXPECT_EQ(utc("2026-11-20T13:14:15"), "2026-11-20T13:14:15.000Z");
  EXPECT_EQ(utc("2026-11-20t13:14:15.5"), "2026-11-20T13:14:15.500Z");
  EXPECT_EQ(utc("2026-11-20 13:14:15.123456"), "2026-11-20T13:14:15.123Z");
  EXPECT_EQ(utc("2028-02-29"), "2028-02-29T00:00:00.000Z");
}

TEST(TimeSpec, ReadsZones) {
  EXPECT_EQ(utc("2026-11-20T13:14:15Z"), "2026-11-20T13:14:15.000Z");
  EXPECT_EQ(utc("2026-11-20T13:14:15.678Z"), "2026-11-20T13:14:15.678Z");
  EXPECT_EQ(utc("2026-11-20 13:14:15 +01:00"), "2026-11-20T12:14:15.000Z");
  EXPECT_EQ(utc("2026-11-20 13:14:15-0530"), "2026-11-20T18:44:15.000Z");
}

TEST(TimeSpec, ReadsBackWhatIsPrinted) {
  EXPECT_EQ(parse_time_spec(format_utc(kNow), kNow, false).value(), kNow);
  const auto whole = Timestamp{kNow.us / 1'000'000 * 1'000'000};
  EXPECT_EQ(parse_time_spec(format_local(kNow), kNow, false).value(), whole);
}

TEST(TimeSpec, ReadsATimeWithoutZoneInThisMachinesZone) {
  const auto time = parse_time_spec("2026-07-01 13:14:15", kNow, false);
  ASSERT_TRUE(time.ok());
  EXPECT_EQ(format_local(*time).substr(0, 19), "2026-07-01 13:14:15");
}

TEST(TimeSpec, ReadsATimeOfToday) {
  EXPECT_EQ(utc("01:30"), "2026-11-21T01:30:00.000Z");
  EXPECT_EQ(utc("1:30:05"), "2026-11-21T01:30:05.000Z");
}

TEST(TimeSpec, KnowsDaysByName) {
  EXPECT_EQ(utc("now"), "2026-11-21T03:04:05.678Z");
  EXPECT_EQ(utc("today"), "2026-11-21T00:00:00.000Z");
  EXPECT_EQ(utc("Yesterday"), "2026-11-20T00:00:00.000Z");
}

TEST(TimeSpec, CountsBackFromNow) {
  const auto ago = [](std::string_view text) {
    return kNow - parse_time_spec(text, kNow, true).value();
  };
  EXPECT_EQ(ago("1h ago"), kHour);
  EXPECT_EQ(ago("-1h"), kHour);
  EXPECT_EQ(ago("-2d"), kHour * 48);
  EXPECT_EQ(ago("2 days ago"), kHour * 48);
  EXPECT_EQ(ago("-1h30m"), kHour * 3 / 2);
  EXPECT_EQ(ago("1 week 1 s ago"), kHour * 168 + Microseconds(1'000'000));
  EXPECT_EQ(ago("90 min ago"), kHour * 3 / 2);
}

TEST(TimeSpec, ReadsSecondsSince1970) {
  EXPECT_EQ(utc("@1795230245"), "2026-11-21T03:04:05.000Z");
}

TEST(TimeSpec, RefusesWhatIsNoTime) {
  for (const auto* text : {"",
                           " ",
                           "soon",
                           "2026",
                           "2026-13-01",
                           "2026-02-30",
                           "2027-02-29",
                           "2026-1-1",
                           "20261121",
                           "24:00",
                           "12:60",
                           "12",
                           "1h",
                           "-1h ago",
                           "ago",
                           "-",
                           "-1",
                           "-1x",
                           "h ago",
                           "2026-11-20 13",
                           "2026-11-20T13:14:15.",
                           "2026-11-20 13:14 +25:00",
                           "2026-11-20 13:14 CET",
                           "1969-12-31",
                           "@",
                           "@12x",
                           "@9999999999999",
                           "9999999999d ago",
                           "2026-11-20 13:14:15Zx"}) {
    const auto time = parse_time_spec(text, kNow, true);
    ASSERT_FALSE(time.ok()) << text;
    EXPECT_EQ(time.error().code(), Errc::Malformed) << text;
  }
}

TEST(TimeSpec, SaysWhatWouldBeRight) {
  EXPECT_THAT(utc("sooon"), testing::StartsWith("error: 'sooon' is no time; write 2026-11-21, "));
}

}  // namespace
}  // namespace vigil::cli
