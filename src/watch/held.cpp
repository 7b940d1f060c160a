// SPDX-License-Identifier: Apache-2.0
#include "watch/held.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/words.h"
#include "yaml/yaml.h"

namespace vigil::watch {
namespace {

using rules::Gauge;
using rules::Threshold;

/// The bound of \p threshold in what value_of() says.
std::uint64_t bound_of(const Threshold& threshold, std::uint64_t processors) {
  if (threshold.gauge == Gauge::CpuOfCore) return threshold.value * kPpmOfPercent;
  if (threshold.gauge == Gauge::CpuOfMachine) return threshold.value * kPpmOfPercent * processors;
  return threshold.value;
}

std::string percent_text(std::uint64_t ppm) {
  return fmt::format("{:.1f}%", static_cast<double>(ppm) / static_cast<double>(kPpmOfPercent));
}

std::string value_text(Gauge gauge, std::uint64_t value, std::uint64_t processors) {
  switch (gauge) {
    case Gauge::CpuOfMachine: return percent_text(value / processors);
    case Gauge::CpuOfCore: return percent_text(value);
    case Gauge::PrivateBytes:
    case Gauge::WorkingSet: return format_bytes(value);
    case Gauge::ServiceOverdue:
    case Gauge::WindowHung: return format_duration(std::chrono::milliseconds(value));
    case Gauge::Counter: return yaml::format_decimal(value);
    case Gauge::Handles:
    case Gauge::Threads:
    case Gauge::Stalled: break;
  }
  return fmt::format("{}", value);
}

}  // namespace

store::Kind kind_of(Gauge gauge) {
  switch (gauge) {
    case Gauge::CpuOfMachine:
    case Gauge::CpuOfCore: return store::Kind::Cpu;
    case Gauge::PrivateBytes:
    case Gauge::WorkingSet: return store::Kind::Memory;
    case Gauge::Handles: return store::Kind::Handles;
    case Gauge::Threads: return store::Kind::Threads;
    case Gauge::Counter: return store::Kind::Counter;
    case Gauge::ServiceOverdue:
    case Gauge::WindowHung:
    case Gauge::Stalled: return store::Kind::Hang;
  }
  return store::Kind::Cpu;
}

std::uint64_t value_of(Gauge gauge, const Reading& reading) {
  switch (gauge) {
    case Gauge::CpuOfMachine:
    case Gauge::CpuOfCore: return reading.cpu_ppm;
    case Gauge::PrivateBytes: return reading.private_bytes;
    case Gauge::WorkingSet: return reading.working_set;
    case Gauge::Handles: return reading.handles;
    case Gauge::Threads: return reading.threads;
    case Gauge::ServiceOverdue: return reading.service_overdue_ms;
    case Gauge::WindowHung: return reading.window_hung_ms;
    case Gauge::Stalled: return reading.stalled ? 1 : 0;
    case Gauge::Counter: break;
  }
  return 0;
}

Minima::Minima(Microseconds window)
    : slice_(std::max(window / static_cast<int>(kSlices), Microseconds(1))) {}

std::uint64_t Minima::take(Microseconds now, std::uint64_t value) {
  const std::int64_t number = now / slice_;
  auto& current = slices_[static_cast<std::size_t>(number) % kSlices];
  current = {number, current.number == number ? std::min(current.least, value) : value};
  const auto oldest = number - static_cast<std::int64_t>(kSlices) + 1;
  std::uint64_t least = value;
  for (const auto& slice : slices_) {
    if (slice.number >= oldest) least = std::min(least, slice.least);
  }
  return least;
}

Held::Held(const Threshold& threshold) : threshold_(threshold) {
  if (threshold.sense == Threshold::Sense::Growth)
    minima_ = std::make_unique<Minima>(threshold.time);
}

std::string Held::text(std::uint64_t processors) const {
  if (threshold_.gauge == Gauge::Stalled) return rules::describe(threshold_);
  return fmt::format("{}, {} now", rules::describe(threshold_),
                     value_text(threshold_.gauge, value_, processors));
}

bool Held::take(std::uint64_t value, Microseconds now, std::uint64_t processors) {
  const bool met = is_met(value, now, processors);
  return std::exchange(holds_, met) != met;
}

bool Held::take_nothing() {
  begin_anew();
  return std::exchange(holds_, false);
}

bool Held::is_met(std::uint64_t value, Microseconds now, std::uint64_t processors) {
  value_ = value;
  if (minima_ != nullptr) return value - minima_->take(now, value) >= threshold_.value;
  const auto bound = bound_of(threshold_, processors);
  const bool over = threshold_.sense == Threshold::Sense::Above ? value > bound : value < bound;
  if (!over) {
    since_.reset();
    return false;
  }
  if (!since_) since_ = now;
  return now - *since_ >= threshold_.time;
}

}  // namespace vigil::watch
