// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "rules/rules.h"
#include "settings/settings.h"
#include "store/store.h"

/// What a rule wants done after a capture, from the decision to the words that leave this machine.
namespace vigil::service {

/// Whether the settings let this kind of action be done.
[[nodiscard]] bool is_allowed(rules::Action::Kind kind,
                              const settings::Settings& settings) noexcept;

/// What \p rule wants done, of what \p settings allow, for a process of these \p facts.
[[nodiscard]] std::vector<store::PlannedAction> plan_actions(const rules::Rule& rule,
                                                             const settings::Settings& settings,
                                                             const rules::ProcessFacts& facts,
                                                             Timestamp now);

/// A store::PlannedAction::spec, read back.
struct ActionSpec {
  std::string target;  ///< As rules::Action.
  std::vector<std::string> arguments;
  std::vector<std::string> services;  ///< Restart: those of the process that the rule is about.
  Microseconds timeout{};
};
/// Errc::Malformed: this program did not write it.
[[nodiscard]] Result<ActionSpec> parse_spec(const std::string& json);

/// What others are told of a capture: one JSON object without anything that may be secret, such as
/// a command line. `text` is a sentence, for chat rooms that take no more.
[[nodiscard]] std::string message_of(const store::Capture& capture, std::string_view machine);

/// \p argument with what stands in braces replaced: `{id}`, `{process}`, `{pid}`, `{rule}`,
/// `{kind}`,
/// `{signature}`, `{synopsis}`, `{dump}`.
[[nodiscard]] std::string fill_in(const std::string& argument, const store::Capture& capture);

/// After so many failed attempts: when it is tried again.
[[nodiscard]] Microseconds pause_after(std::uint32_t attempts) noexcept;

}  // namespace vigil::service
