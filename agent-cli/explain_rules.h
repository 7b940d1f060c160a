// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "rule_fit.h"
#include "rules/rules.h"
#include "store/store.h"

/// What rules make of a process, occasion by occasion.
namespace vigil::cli {

/// What is explained: a process, and what has happened to it or might.
struct Question {
  Subject subject = {};
  std::string named = {};  ///< `Orders.exe (pid 4711)`
  /// The one that is asked about; nothing: whatever may happen to it.
  std::optional<store::Kind> kind = {};
  std::uint32_t code = 0;  ///< Of an end or an exception; 0: not known.
  std::string detail = {};
  std::string key = {};  ///< Signature or fault key; empty: not known.
  // Of what has happened:
  std::optional<store::CaptureId> id = {};
  std::string rule = {};  ///< The one that decided then.
  std::string decided = {};
};

/// What a dump would be taken or refused for.
struct Outcome {
  rules::Decision decision = {};
  /// Where it depends on the signature, which nobody knows: if it is known. `decision` is for a new
  /// one.
  std::optional<rules::Decision> if_known = {};
};

struct Answer {
  const rules::Rule* rule = nullptr;
  std::vector<rules::Clause> clauses = {};
  Fit match = Fit::No;
  Fit when = Fit::No;
  std::string found = {};  ///< What there is to say of the condition.
  /// Where it may be met: now, or if what is not known is as the rule wants it.
  std::optional<Outcome> outcome = {};
  [[nodiscard]] bool decides() const noexcept { return match == Fit::Yes && when == Fit::Yes; }
};

/// The rules that are asked at one kind of occasion.
struct Section {
  std::string occasion = {};  ///< `crash ACCESS_VIOLATION`, `while it runs`
  /// Of an event the first rule that fits decides; otherwise each rule is asked by itself.
  bool first_decides = false;
  std::vector<Answer> answers = {};
  std::size_t behind = 0;  ///< Rules behind the one that decides.
};

/// Where outcomes come from. \p store null: nothing has ever happened.
struct Past {
  store::Store* store = nullptr;
  std::string low_disk = {};  ///< Why no dump fits onto the disk now; empty: it does.
};

/// Why the free space of the data folder's disk is below what the settings want; empty: it is not.
[[nodiscard]] std::string low_disk_of(const Context& context);

[[nodiscard]] Result<std::vector<Section>> explain_rules(const rules::RuleSet& set,
                                                         const Question& question,
                                                         const Past& past);
/// What there is to say of the process itself: that it is one of Vigil's own, or must not be
/// touched.
[[nodiscard]] std::vector<std::string> notes_of(const Question& question);

}  // namespace vigil::cli
