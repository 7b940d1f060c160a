// SPDX-License-Identifier: Apache-2.0
#include "time_spec.h"

#include <array>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::cli {
namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::int64_t kMaxNumber = 999'999'999'999;

/// Reads a text from the front; what fits is taken away.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  void skip_spaces() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view take_word() {
    std::size_t size = 0;
    while (size < rest_.size() && rest_[size] >= 'a' && rest_[size] <= 'z') ++size;
    return take_front(size);
  }
  /// At least \p least and at most \p most digits.
  std::optional<std::int64_t> take_number(std::size_t least, std::size_t most) {
    std::int64_t value = 0;
    std::size_t size = 0;
    while (size < rest_.size() && size < most && rest_[size] >= '0' && rest_[size] <= '9') {
      value = value * 10 + (rest_[size++] - '0');
    }
    if (size < least) return std::nullopt;
    rest_.remove_prefix(size);
    return value;
  }

 private:
  std::string_view take_front(std::size_t size) {
    const auto front = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return front;
  }
  std::string_view rest_;
};

struct Unit {
  std::string_view name;
  std::int64_t seconds;
};
constexpr std::array kUnits = {
    Unit{"s", 1},           Unit{"sec", 1},       Unit{"second", 1},   Unit{"seconds", 1},
    Unit{"m", 60},          Unit{"min", 60},      Unit{"minute", 60},  Unit{"minutes", 60},
    Unit{"h", 3600},        Unit{"hour", 3600},   Unit{"hours", 3600}, Unit{"d", 86'400},
    Unit{"day", 86'400},    Unit{"days", 86'400}, Unit{"w", 604'800},  Unit{"week", 604'800},
    Unit{"weeks", 604'800},
};

std::optional<std::int64_t> seconds_of(std::string_view unit) {
  for (const auto& known : kUnits) {
    if (known.name == unit) return known.seconds;
  }
  return std::nullopt;
}

/// `-1h30m`, `2 days ago`: so long before \p now.
std::optional<Timestamp> parse_relative(std::string_view text, Timestamp now) {
  constexpr std::size_t kMaxDigits = 6;
  Cursor cursor(text);
  const bool minus = cursor.take('-');
  if (cursor.at_end()) return std::nullopt;
  std::int64_t seconds = 0;
  bool ago = false;
  for (bool first = true; !cursor.at_end(); first = false) {
    cursor.skip_spaces();
    const auto number = cursor.take_number(1, kMaxDigits);
    if (!number) {
      ago = !first && cursor.take_word() == "ago" && cursor.at_end();
      if (!ago) return std::nullopt;
      break;
    }
    cursor.skip_spaces();
    const auto unit = seconds_of(cursor.take_word());
    if (!unit) return std::nullopt;
    seconds += *number * *unit;
  }
  if (minus == ago) return std::nullopt;  // Neither, or both: no telling which way.
  return now - Microseconds(seconds * kUsPerSecond);
}

struct Civil {
  std::int64_t year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, us = 0;
};

bool is_valid(const Civil& civil) {
  using namespace std::chrono;
  const year_month_day date{year(static_cast<int>(civil.year)),
                            month(static_cast<unsigned>(civil.month)),
                            day(static_cast<unsigned>(civil.day))};
  return civil.year >= 1970 && date.ok() && civil.hour < 24 && civil.minute < 60 &&
         civil.second < 60;
}

Timestamp from_utc(const Civil& civil) {
  using namespace std::chrono;
  const sys_days date{year(static_cast<int>(civil.year)) / static_cast<int>(civil.month) /
                      static_cast<int>(civil.day)};
  const auto seconds = std::int64_t{date.time_since_epoch().count()} * 86'400 + civil.hour * 3600 +
                       civil.minute * 60 + civil.second;
  return {seconds * kUsPerSecond + civil.us};
}

std::optional<Timestamp> from_local(const Civil& civil) {
  std::tm local{};
  local.tm_year = static_cast<int>(civil.year) - 1900;
  local.tm_mon = static_cast<int>(civil.month) - 1;
  local.tm_mday = static_cast<int>(civil.day);
  local.tm_hour = static_cast<int>(civil.hour);
  local.tm_min = static_cast<int>(civil.minute);
  local.tm_sec = static_cast<int>(civil.second);
  local.tm_isdst = -1;
  const auto seconds = std::mktime(&local);
  if (seconds == -1) return std::nullopt;
  return Timestamp{std::int64_t{seconds} * kUsPerSecond + civil.us};
}

/// Today's date in the zone that is asked for, from how it is printed there.
Civil today(Timestamp now, bool utc) {
  const auto printed = utc ? format_utc(now) : format_local(now);
  Cursor cursor(printed);
  Civil civil;
  civil.year = cursor.take_number(4, 4).value_or(1970);
  cursor.take('-');
  civil.month = cursor.take_number(2, 2).value_or(1);
  cursor.take('-');
  civil.day = cursor.take_number(2, 2).value_or(1);
  return civil;
}

/// `03:04[:05[.678901]]`
bool take_time(Cursor& cursor, Civil& civil) {
  constexpr std::size_t kUsDigits = 6;
  const auto hour = cursor.take_number(1, 2);
  if (!hour || !cursor.take(':')) return false;
  const auto minute = cursor.take_number(2, 2);
  if (!minute) return false;
  civil.hour = *hour;
  civil.minute = *minute;
  if (!cursor.take(':')) return true;
  const auto second = cursor.take_number(2, 2);
  if (!second) return false;
  civil.second = *second;
  if (!cursor.take('.')) return true;
  std::int64_t scale = kUsPerSecond;
  for (std::size_t digit = 0; digit < kUsDigits; ++digit) {
    const auto value = cursor.take_number(1, 1);
    if (!value) return digit > 0;
    scale /= 10;
    civil.us += *value * scale;
  }
  return true;
}

/// `Z`, `+01:00`, `-0530`: how far east of UTC; nothing: no zone is named.
bool take_zone(Cursor& cursor, std::optional<Microseconds>& east) {
  cursor.skip_spaces();
  if (cursor.at_end()) return true;
  if (cursor.take('z')) {
    east = Microseconds(0);
    return true;
  }
  const bool minus = cursor.take('-');
  if (!minus && !cursor.take('+')) return false;
  const auto hours = cursor.take_number(2, 2);
  cursor.take(':');
  const auto minutes = cursor.take_number(2, 2);
  if (!hours || !minutes || *hours > 14 || *minutes > 59) return false;
  const auto seconds = (*hours * 60 + *minutes) * 60;
  east = Microseconds((minus ? -seconds : seconds) * kUsPerSecond);
  return true;
}

bool take_date(Cursor& cursor, Civil& civil) {
  const auto year = cursor.take_number(4, 4);
  if (!year || !cursor.take('-')) return false;
  const auto month = cursor.take_number(2, 2);
  if (!month || !cursor.take('-')) return false;
  const auto day = cursor.take_number(2, 2);
  if (!day) return false;
  civil = {.year = *year, .month = *month, .day = *day};
  return true;
}

/// A date, a time of day, or both, and a zone.
std::optional<Timestamp> parse_calendar(std::string_view text, Timestamp now, bool utc) {
  Cursor cursor(text);
  Civil civil;
  std::optional<Microseconds> east;
  if (take_date(cursor, civil)) {
    if (!cursor.take('t')) cursor.skip_spaces();
    if (!cursor.at_end() && !take_time(cursor, civil)) return std::nullopt;
  } else {
    cursor = Cursor(text);
    civil = today(now, utc);
    if (!take_time(cursor, civil)) return std::nullopt;
  }
  if (!take_zone(cursor, east) || !cursor.at_end() || !is_valid(civil)) return std::nullopt;
  if (east) return from_utc(civil) - *east;
  return utc ? from_utc(civil) : from_local(civil);
}

std::optional<Timestamp> parse_word(std::string_view text, Timestamp now, bool utc) {
  if (text == "now") return now;
  const auto midnight = today(now, utc);
  if (text == "today") return utc ? from_utc(midnight) : from_local(midnight);
  if (text != "yesterday") return std::nullopt;
  // By the calendar and not by 24 hours: a day may have 23.
  const auto before = today(now - Microseconds(86'400 * kUsPerSecond), utc);
  return utc ? from_utc(before) : from_local(before);
}

std::optional<Timestamp> parse_epoch(std::string_view text) {
  constexpr std::size_t kMaxDigits = 12;
  Cursor cursor(text);
  if (!cursor.take('@')) return std::nullopt;
  const auto seconds = cursor.take_number(1, kMaxDigits);
  if (!seconds || !cursor.at_end() || *seconds > kMaxNumber) return std::nullopt;
  return Timestamp{*seconds * kUsPerSecond};
}

}  // namespace

Result<Timestamp> parse_time_spec(std::string_view text, Timestamp now, bool utc) {
  const auto lower = ascii_lower(text);
  if (const auto moment = parse_word(lower, now, utc)) return *moment;
  if (const auto moment = parse_epoch(lower)) return *moment;
  if (const auto moment = parse_relative(lower, now)) return *moment;
  if (const auto moment = parse_calendar(lower, now, utc)) return *moment;
  return Error{Errc::Malformed, fmt::format("'{}' is no time; write 2026-11-21, '2026-11-21 "
                                            "03:04', 03:04, today, yesterday, '2h ago' "
                                            "or -2d",
                                            printable_utf8(text))};
}

}  // namespace vigil::cli
