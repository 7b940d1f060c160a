// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <limits>

#include <fmt/format.h>

namespace vigil {
namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::uint64_t kFiletimeTicksPerUs = 10;
constexpr std::int64_t kFiletimeEpochUs = -11'644'473'600 * kUsPerSecond;  // 1601-01-01, from 1970
constexpr std::int64_t kFirstUs = -62'167'219'200 * kUsPerSecond;          // 0000-01-01
constexpr std::int64_t kLastUs = 253'402'300'799 * kUsPerSecond;           // 9999-12-31

struct Civil {
  int year;
  unsigned month, day, hour, minute, second, millisecond;
};

Civil civil_from_us(std::int64_t us) {
  using namespace std::chrono;
  const sys_time<microseconds> t{microseconds(std::clamp(us, kFirstUs, kLastUs))};
  const auto date = floor<days>(t);
  const year_month_day ymd{date};
  const hh_mm_ss<microseconds> time{t - date};
  return {static_cast<int>(ymd.year()),
          static_cast<unsigned>(ymd.month()),
          static_cast<unsigned>(ymd.day()),
          static_cast<unsigned>(time.hours().count()),
          static_cast<unsigned>(time.minutes().count()),
          static_cast<unsigned>(time.seconds().count()),
          static_cast<unsigned>(time.subseconds().count() / 1000)};
}

/// Seconds east of UTC at \p seconds since 1970, in this machine's zone.
std::int64_t utc_offset_seconds(std::time_t seconds) {
  std::tm local{};
#ifdef _WIN32
  if (localtime_s(&local, &seconds) != 0) return 0;
#else
  if (localtime_r(&seconds, &local) == nullptr) return 0;
#endif
  using namespace std::chrono;
  const sys_days date{year(local.tm_year + 1900) / (local.tm_mon + 1) / local.tm_mday};
  const auto as_utc = date.time_since_epoch() + hours(local.tm_hour) + minutes(local.tm_min) +
                      std::chrono::seconds(local.tm_sec);
  return duration_cast<std::chrono::seconds>(as_utc).count() - static_cast<std::int64_t>(seconds);
}

}  // namespace

Timestamp timestamp_from_filetime(std::uint64_t filetime) noexcept {
  return {static_cast<std::int64_t>(filetime / kFiletimeTicksPerUs) + kFiletimeEpochUs};
}

std::uint64_t filetime_from_timestamp(Timestamp t) noexcept {
  if (t.us < kFiletimeEpochUs) return 0;
  // Both are within 64 bits of 1601; the difference is taken unsigned, where it cannot overflow.
  const auto us = static_cast<std::uint64_t>(t.us) - static_cast<std::uint64_t>(kFiletimeEpochUs);
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  return us > kMax / kFiletimeTicksPerUs ? kMax : us * kFiletimeTicksPerUs;
}

std::string format_utc(Timestamp t) {
  const Civil c = civil_from_us(t.us);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", c.year, c.month, c.day, c.hour,
                     c.minute, c.second, c.millisecond);
}

std::optional<Timestamp> parse_utc_day(std::string_view text) noexcept {
  constexpr std::string_view kForm = "0000-00-00";
  if (text.size() != kForm.size()) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = 0;
    for (const char c : text.substr(at, length)) {
      if (c < '0' || c > '9') return -1;
      value = value * 10 + (c - '0');
    }
    return value;
  };
  const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
  if (text[4] != '-' || text[7] != '-' || year < 0 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  return Timestamp{
      std::chrono::duration_cast<Microseconds>(std::chrono::sys_days(date).time_since_epoch())
          .count()};
}

std::string format_local(Timestamp t) {
  const auto us = std::clamp(t.us, kFirstUs, kLastUs);
  const auto offset = utc_offset_seconds(static_cast<std::time_t>(us / kUsPerSecond));
  const Civil c = civil_from_us(us + offset * kUsPerSecond);
  const auto minutes = std::abs(offset) / 60;
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} {}{:02}:{:02}", c.year, c.month, c.day,
                     c.hour, c.minute, c.second, offset < 0 ? '-' : '+', minutes / 60,
                     minutes % 60);
}

std::string format_duration(Microseconds duration) {
  const auto us = duration.count();
  if (us < 0)
    return "-" + format_duration(us == std::numeric_limits<std::int64_t>::min()
                                     ? Microseconds::max()
                                     : Microseconds(-us));
  if (us < kUsPerSecond) return fmt::format("{}ms", us / 1000);
  if (us < 60 * kUsPerSecond) {
    // Cut and not rounded: 59.96 s must not become 60.0s, which is 1m 00s.
    return fmt::format("{}.{}s", us / kUsPerSecond, us % kUsPerSecond / (kUsPerSecond / 10));
  }
  const auto minutes = us / (60 * kUsPerSecond);
  if (minutes < 60) return fmt::format("{}m {:02}s", minutes, us / kUsPerSecond % 60);
  if (minutes < 24 * 60) return fmt::format("{}h {:02}m", minutes / 60, minutes % 60);
  return fmt::format("{}d {:02}h", minutes / (24 * 60), minutes / 60 % 24);
}

Timestamp SystemClock::now() const {
  using namespace std::chrono;
  return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

}  // namespace vigil
