// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "watch/watch.h"

namespace vigil::watch {

/// Percent as readings have it.
inline constexpr std::uint64_t kPpmOfPercent = 10'000;

/// What a reading says of a gauge, which is no Counter. CPU: millionths of one processor.
[[nodiscard]] std::uint64_t value_of(rules::Gauge gauge, const Reading& reading);

/// The kind of row that a gauge makes.
[[nodiscard]] store::Kind kind_of(rules::Gauge gauge);

/// The least value of the last while, in slices of time.
class Minima {
 public:
  explicit Minima(Microseconds window);
  /// The least of the window up to \p now, which \p value is part of.
  [[nodiscard]] std::uint64_t take(Microseconds now, std::uint64_t value);

 private:
  static constexpr std::size_t kSlices = 32;
  struct Slice {
    std::int64_t number = std::numeric_limits<std::int64_t>::min();
    std::uint64_t least = 0;
  };
  Microseconds slice_;
  std::array<Slice, kSlices> slices_;
};

/// A threshold held against one process.
class Held {
 public:
  explicit Held(const rules::Threshold& threshold);

  [[nodiscard]] const rules::Threshold& threshold() const noexcept { return threshold_; }
  [[nodiscard]] bool holds() const noexcept { return holds_; }
  /// \p value as value_of() has it, of a counter in thousandths. Answers whether that has changed
  /// whether it holds. \p processors: of the machine.
  [[nodiscard]] bool take(std::uint64_t value, Microseconds now, std::uint64_t processors);
  /// Nothing is known now. Answers as take() does.
  [[nodiscard]] bool take_nothing();
  /// `CPU above 85% of the machine for 30s, 97.3% now`
  [[nodiscard]] std::string text(std::uint64_t processors) const;
  /// Nobody knows what was between the last look and the next.
  void begin_anew() { since_.reset(); }

 private:
  [[nodiscard]] bool is_met(std::uint64_t value, Microseconds now, std::uint64_t processors);

  rules::Threshold threshold_;
  std::optional<Microseconds> since_;  // above, below: from when on without a break
  std::unique_ptr<Minima> minima_;     // growth
  std::uint64_t value_ = 0;            // of the last reading
  bool holds_ = false;
};

}  // namespace vigil::watch
