// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "rules/rules.h"
#include "store/store.h"

/// What rules would have decided on what has happened.
namespace vigil::cli {

struct Replayed {
  const store::Capture* capture = nullptr;
  /// By the rules, with the limits as they would have stood then. Where it is not known: if what
  /// the history does not know had been as no rule wants it.
  rules::Decision decision = {};
  /// Why nobody can say what would have been decided; empty: the decision is known.
  std::string unknown = {};
  std::string doubtful = {};  ///< The rule that this hangs on.
  /// What the rule waits for was taken as met, as something of that sort was recorded.
  bool taken_as_met = false;

  [[nodiscard]] bool differs() const;
  /// `rule hot: mini dump (taken as met, as it was recorded)`, or why it is not known.
  [[nodiscard]] std::string words() const;
};

/// Decides on each row of \p captures that rules were asked about, oldest first, as if \p rules had
/// been in force from the first on. Left out: dumps that somebody asked for, and what only the
/// event log told of.
[[nodiscard]] std::vector<Replayed> replay(const rules::RuleSet& rules,
                                           const std::vector<store::Capture>& captures);

/// What of a rule a history cannot show.
struct Untested {
  std::string rule;
  std::string why;
};
[[nodiscard]] std::vector<Untested> untested(const rules::RuleSet& rules,
                                             const std::vector<Replayed>& replayed);

}  // namespace vigil::cli
