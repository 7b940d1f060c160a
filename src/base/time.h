// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vigil {

using Microseconds = std::chrono::microseconds;

/// A moment: microseconds since 1970-01-01 UTC. The form in which the store keeps time.
struct Timestamp {
  std::int64_t us = 0;

  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
  friend Timestamp operator+(Timestamp t, Microseconds d) { return {t.us + d.count()}; }
  friend Timestamp operator-(Timestamp t, Microseconds d) { return {t.us - d.count()}; }
  friend Microseconds operator-(Timestamp a, Timestamp b) { return Microseconds(a.us - b.us); }
};

/// A Windows FILETIME (100 ns since 1601-01-01 UTC) as a Timestamp, and back (100 ns digits are
/// lost). What a FILETIME cannot hold becomes the nearest that it can.
[[nodiscard]] Timestamp timestamp_from_filetime(std::uint64_t filetime) noexcept;
[[nodiscard]] std::uint64_t filetime_from_timestamp(Timestamp t) noexcept;

/// `2026-11-21T03:04:05.678Z`: always UTC, always milliseconds. Years outside 0–9999 are clamped.
[[nodiscard]] std::string format_utc(Timestamp t);

/// `2026-11-21` as the first moment of that day, UTC. Nothing: it is no such day.
[[nodiscard]] std::optional<Timestamp> parse_utc_day(std::string_view text) noexcept;

/// `2026-11-21 03:04:05 +01:00` in this machine's zone: for people.
[[nodiscard]] std::string format_local(Timestamp t);

/// `1d 04h`, `1h 02m`, `5m 03s`, `3.4s`, `12ms`: for people; the rest is cut off.
[[nodiscard]] std::string format_duration(Microseconds duration);

/// Where time comes from. Decisions take a Clock or a Timestamp, so that tests need not wait.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp now() const = 0;
};

/// The system's clock.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override;
};

}  // namespace vigil
