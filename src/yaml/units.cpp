// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "yaml/yaml.h"

namespace vigil::yaml {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

/// What people write instead, for the suggestion.
struct Alias {
  std::string_view written;
  std::string_view meant;
};

constexpr std::uint64_t kMs = 1'000, kSecond = 1'000 * kMs, kMinute = 60 * kSecond,
                        kHour = 60 * kMinute;
constexpr Unit kDurationUnits[] = {
    {"ms", kMs}, {"s", kSecond}, {"m", kMinute}, {"h", kHour}, {"d", 24 * kHour}};
constexpr Alias kDurationAliases[] = {{"sec", "s"},
                                      {"secs", "s"},
                                      {"second", "s"},
                                      {"seconds", "s"},
                                      {"S", "s"},
                                      {"min", "m"},
                                      {"mins", "m"},
                                      {"minute", "m"},
                                      {"minutes", "m"},
                                      {"M", "m"},
                                      {"hr", "h"},
                                      {"hrs", "h"},
                                      {"hour", "h"},
                                      {"hours", "h"},
                                      {"H", "h"},
                                      {"day", "d"},
                                      {"days", "d"},
                                      {"D", "d"},
                                      {"msec", "ms"},
                                      {"msecs", "ms"},
                                      {"millisecond", "ms"},
                                      {"milliseconds", "ms"},
                                      {"MS", "ms"}};

constexpr Unit kSizeUnits[] = {
    {"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}};
constexpr Alias kSizeAliases[] = {{"b", "B"},     {"byte", "B"},  {"bytes", "B"}, {"K", "KiB"},
                                  {"k", "KiB"},   {"KB", "KiB"},  {"kB", "KiB"},  {"kb", "KiB"},
                                  {"M", "MiB"},   {"m", "MiB"},   {"MB", "MiB"},  {"mb", "MiB"},
                                  {"G", "GiB"},   {"g", "GiB"},   {"GB", "GiB"},  {"gb", "GiB"},
                                  {"kib", "KiB"}, {"mib", "MiB"}, {"gib", "GiB"}};

constexpr Unit kPercentUnits[] = {{"%", 1}};
constexpr Alias kPercentAliases[] = {{"percent", "%"}, {"pct", "%"}};

struct Kind {
  std::string_view what;  ///< `a duration`
  std::string_view example;
  std::span<const Unit> units;
  std::span<const Alias> aliases;
  std::uint64_t max;
};

constexpr Kind kDuration{"a duration", "30s", kDurationUnits, kDurationAliases,
                         static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())};
constexpr Kind kSize{"a size", "10MiB", kSizeUnits, kSizeAliases,
                     std::numeric_limits<std::uint64_t>::max()};
constexpr Kind kPercent{"a share", "85%", kPercentUnits, kPercentAliases,
                        std::numeric_limits<std::uint64_t>::max()};

/// `with one of s and m`, `with %`
std::string with_units(const Kind& kind) {
  std::vector<std::string_view> names;
  for (const auto& unit : kind.units) names.push_back(unit.name);
  return fmt::format("with {}{}", names.size() == 1 ? "" : "one of ", join_names(names));
}

Error wrong_unit(std::string_view text,
                 std::string_view number,
                 std::string_view unit,
                 const Kind& kind) {
  const auto alias = std::find_if(kind.aliases.begin(), kind.aliases.end(),
                                  [&](const Alias& a) { return a.written == unit; });
  if (alias != kind.aliases.end()) {
    return {Errc::Malformed, fmt::format("{} has an unknown unit; did you mean '{}{}'?",
                                         shown(text), number, alias->meant)};
  }
  return {Errc::Malformed,
          fmt::format("{} has an unknown unit; {} is a whole number {}, such as {}", shown(text),
                      kind.what, with_units(kind), kind.example)};
}

Result<std::uint64_t> parse_quantity(std::string_view text, const Kind& kind) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = text.substr(0, digits);
  const auto unit = text.substr(digits);
  if (number.empty() || unit.starts_with('.') || unit.starts_with(' ')) {
    return Error{Errc::Malformed,
                 fmt::format("{} is not {}: a whole number and its unit in one word, such as {}",
                             shown(text), kind.what, kind.example)};
  }
  if (unit.empty()) {
    return Error{Errc::Malformed,
                 fmt::format("{} has no unit; {} is a whole number {}, such as {}", shown(text),
                             kind.what, with_units(kind), kind.example)};
  }
  const auto found = std::find_if(kind.units.begin(), kind.units.end(),
                                  [&](const Unit& u) { return u.name == unit; });
  if (found == kind.units.end()) return wrong_unit(text, number, unit, kind);
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (code != std::errc{} || value > kind.max / found->factor) {
    return Error{Errc::LimitExceeded, fmt::format("{} is too large", shown(text))};
  }
  return value * found->factor;
}

/// In the largest unit that leaves no rest.
std::string format_quantity(std::uint64_t value, std::span<const Unit> units) {
  const auto unit = std::find_if(units.rbegin(), units.rend(), [&](const Unit& u) {
    return u.factor <= value && value % u.factor == 0;
  });
  const auto& used = unit == units.rend() ? units.front() : *unit;
  return fmt::format("{}{}", value / used.factor, used.name);
}

}  // namespace

Result<Microseconds> parse_duration(std::string_view text) {
  VIGIL_TRY_ASSIGN(const auto us, parse_quantity(text, kDuration));
  return Microseconds(static_cast<std::int64_t>(us));
}

Result<std::uint64_t> parse_size(std::string_view text) {
  return parse_quantity(text, kSize);
}

Result<std::uint64_t> parse_percent(std::string_view text) {
  return parse_quantity(text, kPercent);
}

Result<std::uint64_t> parse_decimal(std::string_view text) {
  constexpr std::size_t kPlaces = 3;
  const auto point = std::min(text.find('.'), text.size());
  const auto places = point == text.size() ? std::string_view() : text.substr(point + 1);
  auto digits = std::string(text.substr(0, point)) + std::string(places);
  const bool is_number = point > 0 && places.size() <= kPlaces &&
                         (point == text.size() || !places.empty()) &&
                         digits.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number) {
    return Error{Errc::Malformed,
                 fmt::format("expected a number such as 12 or 0.25, found {}", shown(text))};
  }
  digits.append(kPlaces - places.size(), '0');
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc{})
    return Error{Errc::LimitExceeded, fmt::format("{} is too large a number", shown(text))};
  return value;
}

std::string format_exact(Microseconds duration) {
  if (duration.count() <= 0) return "0s";
  const auto us = static_cast<std::uint64_t>(duration.count());
  return format_quantity(us - us % kMs, kDurationUnits);
}

std::string format_size(std::uint64_t bytes) {
  return format_quantity(bytes, kSizeUnits);
}

std::string format_decimal(std::uint64_t thousandths) {
  auto text = fmt::format("{}.{:03}", thousandths / 1000, thousandths % 1000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string format_percent(std::uint64_t percent) {
  return fmt::format("{}%", percent);
}

}  // namespace vigil::yaml
