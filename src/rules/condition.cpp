// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "rules/glob.h"
#include "rules/rules.h"

namespace vigil::rules {
namespace {

struct Event {
  EventKind kind;
  std::uint32_t exit_code;
  std::string_view text;
};

/// Whether a process ended.
bool is_end(const Event& event) {
  return event.kind == EventKind::Crash || event.kind == EventKind::Exit;
}

bool is_crash(const Event& event) {
  if (!is_end(event)) return false;
  return event.kind == EventKind::Crash || is_crash_exit_code(event.exit_code);
}

bool is_wanted_exception(const Condition& condition, const Event& event) {
  const auto& codes = condition.exit_codes;
  const auto& texts = condition.texts;
  return event.kind == EventKind::Exception &&
         (codes.empty() || std::ranges::find(codes, event.exit_code) != codes.end()) &&
         (texts.empty() || std::ranges::any_of(texts, [&](const std::string& pattern) {
            return glob_matches(pattern, event.text);
          }));
}

bool is_wanted_exit(const std::vector<std::uint32_t>& codes, const Event& event) {
  if (!is_end(event)) return false;
  if (codes.empty()) return !is_crash(event) && event.exit_code != 0;
  // A crash of which no code is known has 0 here, and is not an exit with 0.
  const bool known = event.kind == EventKind::Exit || event.exit_code != 0;
  return known && std::ranges::find(codes, event.exit_code) != codes.end();
}

/// \p event null: there is none.
bool is_met(const Condition& condition, const Event* event, const Holds& holds) {
  const auto met = [&](const Condition& part) { return is_met(part, event, holds); };
  switch (condition.kind) {
    case Condition::Kind::Crash: return event != nullptr && is_crash(*event);
    case Condition::Kind::Exit:
      return event != nullptr && is_wanted_exit(condition.exit_codes, *event);
    case Condition::Kind::Exception:
      return event != nullptr && is_wanted_exception(condition, *event);
    case Condition::Kind::Module:
      return event != nullptr && event->kind == EventKind::Module &&
             module_fits(condition.texts, event->text);
    case Condition::Kind::ThreadEnd:
      return event != nullptr && event->kind == EventKind::ThreadEnd &&
             std::ranges::find(condition.exit_codes, event->exit_code) !=
                 condition.exit_codes.end();
    case Condition::Kind::ThreadStart:
      return event != nullptr && event->kind == EventKind::ThreadStart &&
             module_fits(condition.texts, event->text);
    case Condition::Kind::Bugcheck: return event != nullptr && event->kind == EventKind::Bugcheck;
    case Condition::Kind::Threshold:
    case Condition::Kind::Hang: return holds && holds(condition);
    case Condition::Kind::Any: return std::ranges::any_of(condition.parts, met);
    case Condition::Kind::All: return std::ranges::all_of(condition.parts, met);
  }
  return false;
}

/// Whether it is met and \p event has a part in that: a threshold that holds while a process ends
/// does not make its end one that was asked for.
bool is_met_by(const Condition& condition, const Event& event, const Holds& holds) {
  const auto met_by = [&](const Condition& part) { return is_met_by(part, event, holds); };
  switch (condition.kind) {
    case Condition::Kind::Crash:
    case Condition::Kind::Exit:
    case Condition::Kind::Exception:
    case Condition::Kind::Module:
    case Condition::Kind::ThreadEnd:
    case Condition::Kind::ThreadStart:
    case Condition::Kind::Bugcheck: return is_met(condition, &event, holds);
    case Condition::Kind::Threshold:
    case Condition::Kind::Hang: return false;
    case Condition::Kind::Any: return std::ranges::any_of(condition.parts, met_by);
    case Condition::Kind::All:
      return is_met(condition, &event, holds) && std::ranges::any_of(condition.parts, met_by);
  }
  return false;
}

std::string_view name_of(Gauge gauge) {
  switch (gauge) {
    case Gauge::CpuOfMachine:
    case Gauge::CpuOfCore: return "CPU";
    case Gauge::PrivateBytes: return "private memory";
    case Gauge::WorkingSet: return "working set";
    case Gauge::Handles: return "handles";
    case Gauge::Threads: return "threads";
    case Gauge::Counter:  // has a name of its own
    case Gauge::ServiceOverdue:
    case Gauge::WindowHung:
    case Gauge::Stalled: break;  // states: describe() has a sentence for each
  }
  return "";
}

std::string value_text(const Threshold& threshold) {
  switch (threshold.gauge) {
    case Gauge::CpuOfMachine: return fmt::format("{}% of the machine", threshold.value);
    case Gauge::CpuOfCore: return fmt::format("{}% of a core", threshold.value);
    case Gauge::PrivateBytes:
    case Gauge::WorkingSet: return yaml::format_size(threshold.value);
    case Gauge::Counter: return yaml::format_decimal(threshold.value);
    case Gauge::Handles:
    case Gauge::Threads:
    case Gauge::ServiceOverdue:
    case Gauge::WindowHung:
    case Gauge::Stalled: return fmt::format("{}", threshold.value);
  }
  return "";
}

}  // namespace

std::string describe(const Threshold& threshold) {
  const auto time = yaml::format_exact(threshold.time);
  if (threshold.gauge == Gauge::ServiceOverdue)
    return fmt::format("a service of it is pending past its wait hint for {}", time);
  if (threshold.gauge == Gauge::WindowHung)
    return fmt::format("a window of it is hung for {}", time);
  if (threshold.gauge == Gauge::Stalled)
    return fmt::format("no CPU time, I/O or context switch for {}", time);
  const auto value = value_text(threshold);
  const auto name =
      threshold.gauge == Gauge::Counter ? threshold.counter : std::string(name_of(threshold.gauge));
  switch (threshold.sense) {
    case Threshold::Sense::Above: return fmt::format("{} above {} for {}", name, value, time);
    case Threshold::Sense::Below: return fmt::format("{} below {} for {}", name, value, time);
    case Threshold::Sense::Growth:
      return fmt::format("{} grown by {} within {}", name, value, time);
  }
  return "";
}

std::string describe(const Probe& probe) {
  if (probe.type == Probe::Type::WaitChain) return "a deadlock";
  return probe.type == Probe::Type::Heartbeat ? "the heartbeat " + probe.target : probe.target;
}

bool Condition::fits(EventKind event,
                     std::uint32_t exit_code,
                     const Holds& holds,
                     std::string_view text) const {
  return is_met_by(*this, {event, exit_code, text}, holds);
}

bool module_fits(const std::vector<std::string>& patterns, std::string_view path) noexcept {
  constexpr std::string_view kSlashes = "/\\";
  const auto slash = path.find_last_of(kSlashes);
  const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    const bool whole = pattern.find_first_of(kSlashes) != std::string::npos;
    return glob_matches(pattern, whole ? path : name, Slashes::Same);
  });
}

bool Condition::fits(const Holds& holds) const {
  return is_met(*this, nullptr, holds);
}

void Condition::for_each(const std::function<void(const Condition&)>& use) const {
  if (kind != Kind::Any && kind != Kind::All) return use(*this);
  for (const auto& part : parts) part.for_each(use);
}

bool Condition::wants_events() const {
  bool wants = false;
  for_each([&](const Condition& part) { wants = wants || part.is_event(); });
  return wants;
}

bool Condition::wants_watching() const {
  bool wants = false;
  for_each([&](const Condition& part) {
    wants = wants || part.kind == Kind::Threshold || part.kind == Kind::Hang;
  });
  return wants;
}

}  // namespace vigil::rules
