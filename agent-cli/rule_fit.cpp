// SPDX-License-Identifier: Apache-2.0
#include "rule_fit.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vigil::cli {
namespace {

using rules::Condition;
using rules::Gauge;

/// As if all that is measured held.
bool everything(const Condition& /*asked*/) {
  return true;
}

std::string_view key_of(const rules::Clause& clause) {
  constexpr std::string_view kNot = "not ";
  const std::string_view what = clause.what;
  return what.starts_with(kNot) ? what.substr(kNot.size()) : what;
}

bool has(const Condition& condition, const std::function<bool(const Condition&)>& is) {
  bool found = false;
  condition.for_each([&](const Condition& part) { found = found || is(part); });
  return found;
}

/// The kind of the row that a threshold of this gauge makes.
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
    case Gauge::Stalled: break;
  }
  return store::Kind::Hang;
}

bool is_of(const Condition& part, store::Kind kind, std::uint32_t code) {
  switch (part.kind) {
    case Condition::Kind::Threshold: return kind_of(part.threshold.gauge) == kind;
    case Condition::Kind::Hang: return kind == store::Kind::Hang;
    case Condition::Kind::Module: return kind == store::Kind::Module;
    case Condition::Kind::ThreadStart: return kind == store::Kind::ThreadStart;
    case Condition::Kind::ThreadEnd:
      return kind == store::Kind::ThreadEnd &&
             std::ranges::find(part.exit_codes, code) != part.exit_codes.end();
    case Condition::Kind::Exception:
      return kind == store::Kind::Exception &&
             (code == 0 || part.exit_codes.empty() ||
              std::ranges::find(part.exit_codes, code) != part.exit_codes.end());
    case Condition::Kind::Crash:
    case Condition::Kind::Exit:
    case Condition::Kind::Bugcheck:
    case Condition::Kind::Any:
    case Condition::Kind::All: break;
  }
  return false;
}

}  // namespace

std::string_view to_string(Fit fit) noexcept {
  switch (fit) {
    case Fit::No: return "no";
    case Fit::Unknown: return "unknown";
    case Fit::Yes: return "yes";
  }
  return "no";
}

bool is_known(const rules::Clause& clause, const Subject& subject) {
  return std::ranges::find(subject.unknown, key_of(clause)) == subject.unknown.end();
}

Fit fit_of(const rules::Match& match, const Subject& subject) {
  auto fit = Fit::Yes;
  for (const auto& clause : rules::explain(match, subject.facts)) {
    const bool known = is_known(clause, subject);
    if (known && !clause.fits) return Fit::No;
    if (!known) fit = Fit::Unknown;
  }
  return fit;
}

std::string unknown_keys(const rules::Match& match, const Subject& subject) {
  const auto clauses = rules::explain(match, subject.facts);
  std::vector<std::string_view> keys;
  for (const auto& clause : clauses) {
    const auto key = key_of(clause);
    if (!is_known(clause, subject) && std::ranges::find(keys, key) == keys.end())
      keys.push_back(key);
  }
  return fmt::format("{}", fmt::join(keys, " and "));
}

Fit fit_of(const Condition& condition, rules::EventKind event, std::uint32_t code) {
  if (condition.fits(event, code)) return Fit::Yes;
  return condition.fits(event, code, everything) ? Fit::Unknown : Fit::No;
}

bool can_be_met_alive(const Condition& condition) {
  return condition.fits(everything);
}

bool can_be_met_by_exit(const Condition& condition) {
  return has(condition, [&](const Condition& part) {
    if (part.kind != Condition::Kind::Exit) return false;
    const auto by = [&](std::uint32_t code) {
      return fit_of(condition, rules::EventKind::Exit, code) != Fit::No;
    };
    return part.exit_codes.empty() ? by(1) : std::ranges::any_of(part.exit_codes, by);
  });
}

bool asks_for_attached(const Condition& condition) {
  return has(condition, [](const Condition& part) { return part.needs_attach(); });
}

bool asks_for(const Condition& condition, store::Kind kind, std::uint32_t code) {
  return has(condition, [&](const Condition& part) { return is_of(part, kind, code); });
}

}  // namespace vigil::cli
