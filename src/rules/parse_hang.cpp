// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rules/grammar.h"

namespace vigil::rules {
namespace {

using yaml::Node;
using yaml::Problems;

constexpr std::size_t kMaxTargetBytes = 1024;
constexpr yaml::Range<Microseconds> kEvery{std::chrono::seconds(1), std::chrono::hours(1)};
constexpr yaml::Range<Microseconds> kTimeout{std::chrono::milliseconds(100),
                                             std::chrono::minutes(5)};
constexpr yaml::Range<Microseconds> kOlder{std::chrono::seconds(1), std::chrono::hours(24 * 7)};
constexpr yaml::Range<Microseconds> kGrace{Microseconds(0), std::chrono::hours(24)};
constexpr yaml::Range<std::uint32_t> kFailures{1, 1000};

constexpr Microseconds kDefaultEvery = std::chrono::seconds(5);
constexpr Microseconds kDefaultTimeout = std::chrono::seconds(2);
constexpr Microseconds kDefaultGrace = std::chrono::minutes(1);
constexpr std::uint32_t kDefaultFailures = 3;
// Whoever waits now may hold what it waits for a moment later: seen twice it is no passing moment.
constexpr Microseconds kChainEvery = std::chrono::seconds(30);
constexpr Microseconds kChainTimeout = std::chrono::seconds(10);
constexpr std::uint32_t kChainFailures = 2;

constexpr std::string_view kKeys[] = {"http",   "tcp",      "pipe",     "heartbeat", "older_than",
                                      "every",  "timeout",  "failures", "grace",     "service",
                                      "window", "progress", "deadlock", "for"};
constexpr std::string_view kTypes[] = {"http", "tcp", "pipe", "heartbeat"};
/// A state that nobody is asked for: `{ service: pending, for: 5s }`.
struct State {
  std::string_view key, value;
  Gauge gauge;
  yaml::Range<Microseconds> time;
  Microseconds default_time;
};
constexpr State kStates[] = {
    {"service", "pending", Gauge::ServiceOverdue, {Microseconds(0), std::chrono::hours(1)}, {}},
    {"window", "hung", Gauge::WindowHung, {Microseconds(0), std::chrono::hours(1)}, {}},
    {"progress",
     "none",
     Gauge::Stalled,
     {std::chrono::seconds(10), std::chrono::hours(24)},
     std::chrono::minutes(5)},
};
constexpr std::string_view kExamples[] = {
    "a URL such as http://127.0.0.1:8080/healthz", "an address such as 127.0.0.1:8080",
    "a pipe such as \\\\.\\pipe\\orders", "a full path such as C:\\orders\\alive.txt"};

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  return failed == std::errc{} && end == text.data() + text.size() && port != 0;
}

bool is_host_and_port(std::string_view text) {
  const auto colon = text.rfind(':');
  return colon != std::string_view::npos && colon != 0 && is_port(text.substr(colon + 1));
}

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/// `http://host`, `http://host:port/path`; an IPv6 address stands in brackets.
std::string_view complaint_of_url(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  const auto rest = url.substr(kScheme.size());
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  // What a rule says is shown in reports and sent by webhooks.
  if (authority.find('@') != std::string_view::npos) return "a name and password are not taken";
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (authority.substr(0, has_port ? colon : authority.size()).empty()) return "it has no host";
  return has_port && !is_port(authority.substr(colon + 1)) ? "its port is none" : "";
}

/// Windows takes `..` for a folder further up, which is no pipe any more.
bool is_local_pipe(std::string_view path) {
  constexpr std::string_view kPipes = "\\\\.\\pipe\\";
  if (!path.starts_with(kPipes)) return false;
  const auto name = path.substr(kPipes.size());
  return !name.empty() && name != ".." && name != "." && name.find('/') == std::string_view::npos &&
         name.find("..\\") == std::string_view::npos && name.find("\\..") == std::string_view::npos;
}

/// What is wrong with a target of this type; empty: nothing.
std::string_view complaint(Probe::Type type, std::string_view target) {
  const bool printable = std::ranges::all_of(
      target, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; });
  switch (type) {
    case Probe::Type::Http:
      if (target.starts_with("https://")) return "https is not supported by this version";
      return target.starts_with("http://") && printable ? complaint_of_url(target) : "it is no URL";
    case Probe::Type::Tcp:
      return is_host_and_port(target) && printable ? "" : "it has no host and port";
    case Probe::Type::Pipe: return is_local_pipe(target) ? "" : "it is no local pipe";
    case Probe::Type::WaitChain: return "";
    case Probe::Type::Heartbeat: {
      const bool full = target.size() > 3 && is_letter(target[0]) && target[1] == ':' &&
                        (target[2] == '\\' || target[2] == '/');
      return full ? "" : "it is no full path of a local disk";
    }
  }
  return "";
}

/// Which question it is. Says what is wrong when it is none, or more than one.
bool read_type(const Node& node, Probe& probe, Problems& problems) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < std::size(kTypes); ++i) {
    const auto* const value = node.find(kTypes[i]);
    if (value == nullptr) continue;
    ++count;
    probe.type = static_cast<Probe::Type>(i);
    const auto target = yaml::read_text(*value, kExamples[i], kMaxTargetBytes, problems);
    if (!target) continue;
    probe.target = *target;
    if (const auto why = complaint(probe.type, *target); !why.empty()) {
      problems.add(value->at, fmt::format("{} cannot be asked: {}; write {}", yaml::shown(*target),
                                          why, kExamples[i]));
    }
  }
  if (count == 1) return true;
  problems.add(
      node.at,
      fmt::format("'hang' takes one of {}, service, window, progress and deadlock, and has {}",
                  fmt::join(kTypes, ", "), count == 0 ? "none" : fmt::format("{}", count)));
  return false;
}

template <class T, class Read>
void read_into(const Node& node, std::string_view key, T& target, const Read& read) {
  const auto* const value = node.find(key);
  if (value == nullptr) return;
  if (const auto found = read(*value)) target = *found;
}

bool has_only(const Node& node, std::span<const std::string_view> known) {
  return node.kind == Node::Kind::Map && std::ranges::all_of(node.keys, [&](const yaml::Key& key) {
           return std::ranges::find(known, key.text) != known.end();
         });
}

void read_state(const Node& node, const State& state, Threshold& threshold, Problems& problems) {
  threshold = {.gauge = state.gauge, .time = state.default_time};
  const std::string_view keys[] = {state.key, "for"};
  if (!has_only(node, keys)) {
    problems.add(node.at,
                 fmt::format("of '{}' a hang takes {}", state.key, yaml::join_names(keys)));
    return;
  }
  const std::string_view values[] = {state.value};
  (void)yaml::read_name(*node.find(state.key), {"state", values}, problems);
  read_into(node, "for", threshold.time,
            [&](const Node& value) { return yaml::read_duration(value, state.time, problems); });
}

/// How often, and how patiently. \p patience_key is called `timeout`, or what the question calls
/// it.
void read_times(const Node& node,
                Probe& probe,
                std::string_view patience_key,
                const yaml::Range<Microseconds>& patience,
                Problems& problems) {
  const auto duration = [&problems](const auto& range) {
    return [&problems, &range](const Node& value) {
      return yaml::read_duration(value, range, problems);
    };
  };
  read_into(node, "every", probe.every, duration(kEvery));
  read_into(node, patience_key, probe.timeout, duration(patience));
  read_into(node, "grace", probe.grace, duration(kGrace));
  read_into(node, "failures", probe.failures,
            [&](const Node& value) { return yaml::read_count(value, kFailures, problems); });
}

/// `{ deadlock: true, every: 1m }`
void read_deadlock(const Node& node, Probe& probe, Problems& problems) {
  constexpr std::string_view kTaken[] = {"deadlock", "every", "timeout", "failures", "grace"};
  constexpr std::string_view kTrue[] = {"true"};
  if (!has_only(node, kTaken)) {
    problems.add(node.at, fmt::format("of 'deadlock' a hang takes {}", yaml::join_names(kTaken)));
    return;
  }
  (void)yaml::read_name(*node.find("deadlock"), {"value of deadlock", kTrue}, problems);
  probe = {.type = Probe::Type::WaitChain,
           .every = kChainEvery,
           .timeout = kChainTimeout,
           .failures = kChainFailures,
           .grace = kDefaultGrace};
  read_times(node, probe, "timeout", kTimeout, problems);
}

}  // namespace

void read_hang(const Node& node, Condition& condition, Problems& problems) {
  condition.kind = Condition::Kind::Hang;
  yaml::visit_map(node, {.noun = "key", .known = kKeys}, problems, [](auto, const auto&) {});
  if (!has_only(node, kKeys)) return;
  for (const auto& state : kStates) {
    if (node.find(state.key) == nullptr) continue;
    condition.kind = Condition::Kind::Threshold;
    return read_state(node, state, condition.threshold, problems);
  }
  auto& probe = condition.probe;
  if (node.find("deadlock") != nullptr) return read_deadlock(node, probe, problems);
  if (const auto* const time = node.find("for"); time != nullptr)
    problems.add(time->at, "'for' goes with service, window and progress");
  if (!read_type(node, probe, problems)) return;
  const bool heartbeat = probe.type == Probe::Type::Heartbeat;
  probe.every = kDefaultEvery;
  probe.timeout = heartbeat ? std::chrono::minutes(1) : kDefaultTimeout;
  probe.failures = heartbeat ? 1 : kDefaultFailures;
  probe.grace = kDefaultGrace;
  read_times(node, probe, heartbeat ? "older_than" : "timeout", heartbeat ? kOlder : kTimeout,
             problems);
  const auto* const other = node.find(heartbeat ? "timeout" : "older_than");
  if (other != nullptr) {
    problems.add(other->at, heartbeat ? "'timeout' goes with http, tcp and pipe; heartbeat has "
                                        "'older_than'"
                                      : "'older_than' goes with heartbeat");
  }
}

}  // namespace vigil::rules
