// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/time.h"

namespace vigil {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

/// The zone of this process, put back at the end.
class TimeZone {
 public:
  explicit TimeZone(const char* zone) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  ~TimeZone() {
    if (before_) {
      ::setenv("TZ", before_->c_str(), 1);
    } else {
      ::unsetenv("TZ");
    }
    ::tzset();
  }

 private:
  std::optional<std::string> before_;
};

TEST(FormatLocal, FollowsSummerTime) {
  const TimeZone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  EXPECT_EQ(format_local({1'795'230'245 * kSecond}), "2026-11-21 04:04:05 +01:00");
  EXPECT_EQ(format_local({1'792'889'999 * kSecond}), "2026-10-25 02:59:59 +02:00");
  EXPECT_EQ(format_local({1'792'890'000 * kSecond}), "2026-10-25 02:00:00 +01:00");
}

TEST(FormatLocal, KnowsZonesWestAndWithMinutes) {
  {
    const TimeZone zone("NST3:30");
    EXPECT_EQ(format_local({0}), "1969-12-31 20:30:00 -03:30");
  }
  const TimeZone zone("IST-5:30");
  EXPECT_EQ(format_local({0}), "1970-01-01 05:30:00 +05:30");
}

}  // namespace
}  // namespace vigil
