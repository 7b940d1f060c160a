// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "watch/counter_book.h"
#include "watch/hang.h"
#include "watch/held.h"
#include "watch/watch.h"

namespace vigil::watch {

/// What rules hold against one process.
class Watched {
 public:
  /// \p born: when it started, as uptime; before the machine's start of counting it is negative.
  /// \p rules: those with thresholds and probes, in their order.
  Watched(const ProcessKey& key,
          rules::ProcessFacts facts,
          Microseconds born,
          const std::vector<rules::Rule>& rules);
  /// The same process under other rules.
  Watched(Watched&& old,
          const std::vector<rules::Rule>& old_rules,
          const std::vector<rules::Rule>& rules);
  /// Of what both have that has been held so far goes on.
  void take_over(Watched& old,
                 const std::vector<rules::Rule>& old_rules,
                 const std::vector<rules::Rule>& rules);
  /// What the last look found. \p reading null: it was not in it. Without \p continuous nobody
  /// knows what was before.
  void measure(Microseconds uptime,
               const Reading* reading,
               const CounterBook& counts,
               bool continuous,
               std::uint64_t processors);
  void answer(const rules::Probe& probe,
              const std::optional<std::string>& failure,
              Microseconds asked);

  /// The first rule that has become met since this was asked last; the others have had their
  /// moment too. Nothing: none.
  [[nodiscard]] std::optional<Firing> ask_rules(const std::vector<rules::Rule>& rules,
                                                std::uint64_t processors);
  void hold_back(std::string_view rule, bool held_back, const std::vector<rules::Rule>& rules);
  void add_held_back(const std::vector<rules::Rule>& rules,
                     std::uint64_t processors,
                     std::vector<Firing>& firings) const;

  /// Valid as long as this.
  [[nodiscard]] rules::Holds holds() const;
  [[nodiscard]] bool is_watched() const noexcept { return !held_.empty() || !hangs_.empty(); }
  [[nodiscard]] const std::vector<Held>& thresholds() const noexcept { return held_; }
  [[nodiscard]] const std::vector<Hang>& hangs() const noexcept { return hangs_; }
  [[nodiscard]] Microseconds seen() const noexcept { return seen_; }

  bool has_ended = false;

 private:
  struct RuleState {
    std::size_t rule = 0;
    bool met = false;
    bool held_back = false;  // since it is met
  };

  void match(const std::vector<rules::Rule>& rules);
  [[nodiscard]] rules::Probe probe_for(rules::Probe probe) const;
  [[nodiscard]] Firing firing(const rules::Rule& rule, std::uint64_t processors) const;

  ProcessKey key_;
  rules::ProcessFacts facts_;
  Microseconds born_{};
  std::vector<Held> held_;
  std::vector<Hang> hangs_;
  std::vector<RuleState> rules_;
  bool changed_ = true;  // what holds, since the rules were asked; a new one has been asked nothing
  Microseconds seen_{};  // the last look that it was in
};

}  // namespace vigil::watch
