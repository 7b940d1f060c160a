// SPDX-License-Identifier: Apache-2.0
#include "action_plan.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/utf.h"

namespace vigil::service {
namespace {

using Json = nlohmann::ordered_json;
using Kind = rules::Action::Kind;

/// Of the services of a process, those that \p rule speaks of: all where it names none.
std::vector<std::string> services_of(const rules::Rule& rule, const rules::ProcessFacts& facts) {
  std::vector<std::string> services;
  std::ranges::copy_if(facts.services, std::back_inserter(services), [&](const auto& service) {
    return rule.match.service.empty() || rule.match.service.matches(service);
  });
  return services;
}

/// A service that was stuck an hour ago is another matter by now.
Microseconds longest_wait(Kind kind) {
  return kind == Kind::Restart ? std::chrono::minutes(15) : std::chrono::hours(2);
}

std::string spec_of(const rules::Action& action,
                    const rules::Rule& rule,
                    const rules::ProcessFacts& facts) {
  Json json;
  json["target"] = action.target;
  json["arguments"] = action.arguments;
  json["services"] =
      action.kind == Kind::Restart ? services_of(rule, facts) : std::vector<std::string>();
  json["timeout_us"] = action.timeout.count();
  return json.dump();
}

std::string sentence_of(const store::Capture& capture, std::string_view machine) {
  const auto what = !capture.synopsis.empty() ? capture.synopsis
                    : !capture.detail.empty() ? capture.detail
                                              : std::string(store::to_string(capture.kind));
  return fmt::format("{} on {}: {} (capture {}, rule {})", printable_utf8(capture.process), machine,
                     printable_utf8(what), capture.id.value, capture.rule);
}

}  // namespace

bool is_allowed(Kind kind, const settings::Settings& settings) noexcept {
  switch (kind) {
    case Kind::Webhook: return settings.webhooks;
    case Kind::Restart: return settings.restarts;
    case Kind::Run: return settings.programs;
  }
  return false;
}

std::vector<store::PlannedAction> plan_actions(const rules::Rule& rule,
                                               const settings::Settings& settings,
                                               const rules::ProcessFacts& facts,
                                               Timestamp now) {
  std::vector<store::PlannedAction> planned;
  for (const auto& action : rule.then) {
    if (!is_allowed(action.kind, settings)) continue;
    const bool is_webhook = action.kind == Kind::Webhook;
    planned.push_back(
        {.kind = std::string(rules::to_string(action.kind)),
         .spec = spec_of(action, rule, facts),
         .give_up_at = now + (is_webhook ? action.timeout : longest_wait(action.kind)),
         .once = !is_webhook,
         // A service must not stand still for as long as an analysis takes.
         .at_end = action.kind != Kind::Restart});
  }
  return planned;
}

Result<ActionSpec> parse_spec(const std::string& json) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  const auto is_text = [](const auto& value) { return value.is_string(); };
  const auto is_list = [&](const char* name) {
    const auto found = parsed.find(name);
    return found != parsed.end() && found->is_array() && std::ranges::all_of(*found, is_text);
  };
  if (!parsed.is_object() || !parsed.contains("target") || !parsed["target"].is_string() ||
      !is_list("arguments") || !is_list("services") || !parsed.contains("timeout_us") ||
      !parsed["timeout_us"].is_number_integer()) {
    return Error{Errc::Malformed, "what is to be done cannot be read"};
  }
  return ActionSpec{parsed["target"], parsed["arguments"], parsed["services"],
                    Microseconds(parsed["timeout_us"].get<std::int64_t>())};
}

std::string message_of(const store::Capture& capture, std::string_view machine) {
  Json json;
  json["schema_version"] = 1;
  json["text"] = sentence_of(capture, machine);
  json["machine"] = machine;
  json["id"] = capture.id.value;
  json["kind"] = store::to_string(capture.kind);
  json["state"] = store::to_string(capture.state);
  json["observed_at"] = format_utc(capture.observed_at);
  json["process"] = printable_utf8(capture.process);
  json["pid"] = capture.pid.value;
  json["rule"] = capture.rule;
  json["reason"] = printable_utf8(capture.reason);
  const auto add = [&](const char* name, const std::string& text) {
    if (!text.empty()) json[name] = printable_utf8(text);
  };
  add("detail", capture.detail);
  add("verdict", capture.verdict);
  add("signature", capture.signature);
  add("synopsis", capture.synopsis);
  add("dump_file", capture.dump_file);
  return json.dump();
}

std::string fill_in(const std::string& argument, const store::Capture& capture) {
  const std::pair<std::string_view, std::string> values[] = {
      {"{id}", std::to_string(capture.id.value)},
      {"{process}", printable_utf8(capture.process)},
      {"{pid}", std::to_string(capture.pid.value)},
      {"{rule}", capture.rule},
      {"{kind}", std::string(store::to_string(capture.kind))},
      {"{signature}", printable_utf8(capture.signature)},
      {"{synopsis}", printable_utf8(capture.synopsis)},
      {"{dump}", capture.dump_file},
  };
  std::string filled;
  // What is filled in is not looked at again: it comes from whoever wrote the program that died.
  for (std::size_t at = 0; at < argument.size();) {
    const auto rest = std::string_view(argument).substr(at);
    const auto* found = std::ranges::find_if(
        values, [&](const auto& value) { return rest.starts_with(value.first); });
    if (found == std::end(values)) {
      filled += argument[at++];
      continue;
    }
    filled += found->second;
    at += found->first.size();
  }
  return filled;
}

Microseconds pause_after(std::uint32_t attempts) noexcept {
  using namespace std::chrono_literals;
  constexpr Microseconds kFirst = 10s, kLongest = 1h;
  constexpr std::uint32_t kMostDoublings = 9;
  const auto doublings = std::min(std::max(attempts, 1U) - 1, kMostDoublings);
  return std::min(kFirst * (std::int64_t{1} << doublings), kLongest);
}

}  // namespace vigil::service
