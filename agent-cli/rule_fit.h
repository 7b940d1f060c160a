// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rules.h"
#include "store/store.h"

/// How far a rule fits a process of which not everything is known.
namespace vigil::cli {

/// A process, as far as somebody knows it.
struct Subject {
  rules::ProcessFacts facts = {};
  /// What nobody knows of it, as the keys of a match are called (`service`, `user`); what else is
  /// empty it does not have.
  std::vector<std::string> unknown = {};
  /// The system cannot do without it: watch::is_critical_process(), or its own mark.
  bool critical = false;
};

enum class Fit : std::uint8_t { No, Unknown, Yes };
/// `no`, `unknown`, `yes`
[[nodiscard]] std::string_view to_string(Fit fit) noexcept;

/// Whether what \p clause asks for is known of \p subject.
[[nodiscard]] bool is_known(const rules::Clause& clause, const Subject& subject);
/// Unknown: nothing that is known is against it.
[[nodiscard]] Fit fit_of(const rules::Match& match, const Subject& subject);
/// The keys of \p match that nobody knows of \p subject: `service and user`.
[[nodiscard]] std::string unknown_keys(const rules::Match& match, const Subject& subject);

/// Whether the end of a process, or of the machine, meets \p condition. Unknown: that depends on
/// what is measured.
[[nodiscard]] Fit fit_of(const rules::Condition& condition,
                         rules::EventKind event,
                         std::uint32_t code);
/// Whether it can be met while the process lives, by what is measured or asked.
[[nodiscard]] bool can_be_met_alive(const rules::Condition& condition);
/// Whether some exit code can meet it that no crash would be.
[[nodiscard]] bool can_be_met_by_exit(const rules::Condition& condition);
/// Whether an exception or a module of a living process is among what it asks for.
[[nodiscard]] bool asks_for_attached(const rules::Condition& condition);
/// Whether an occasion of \p kind can have met it. \p code: of an exception, 0: not known.
[[nodiscard]] bool asks_for(const rules::Condition& condition,
                            store::Kind kind,
                            std::uint32_t code);

}  // namespace vigil::cli
