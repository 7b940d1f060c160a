// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/logger.h>

#include "base/result.h"
#include "base/time.h"
#include "inbox_claims.h"
#include "rules/rules.h"
#include "settings/settings.h"
#include "store/store.h"

namespace vigil::service {

/// What became of one piece of news.
struct Verdict {
  store::CaptureId id;
  store::State state = store::State::Observed;  ///< Before anything is done about a dump.
  rules::Decision decision;                     ///< The one in force.
  bool created = false;                         ///< A death that nobody had told of before.
};

/// Where news becomes rows and decisions. Every signal of every source comes here, is recorded
/// first, and is then decided by the rules, once: another signal of the same death changes the
/// decision only when it brings what the decision lacked. Says each decision to the log. It does
/// not own what it is given.
class Desk {
 public:
  /// How much news is kept while the store takes none; what comes then is only in the log.
  static constexpr std::size_t kMaxUntold = 1000;

  struct Parts {
    store::Store& store;
    const Clock& clock;
    spdlog::logger& log;
    const settings::Settings& settings;
    std::function<Result<std::uint64_t>()> free_disk_bytes;  ///< Where the dumps go.
    /// Which thresholds hold for a process, or held when it ended. Empty: nobody measures.
    std::function<rules::Holds(const ProcessKey&)> holds{};
    /// What is known of a process. Empty, or nothing: what its row says.
    std::function<std::optional<rules::ProcessFacts>(const ProcessKey&)> facts{};
    /// What is to be noted with a new row, as JSON. Empty: nothing.
    std::function<std::string(const store::Signal&)> circumstances{};
  };
  explicit Desk(Parts parts) : parts_(std::move(parts)) {}

  void use_rules(rules::RuleSet rules) {
    rules_ = std::move(rules);
    not_done_said_.clear();
  }
  [[nodiscard]] const rules::RuleSet& rules() const noexcept { return rules_; }
  /// Sets the rules aside that have expired; says whether there were any.
  [[nodiscard]] bool retire_rules() { return rules_.retire(parts_.clock.now()); }

  /// Records \p signal and decides. Where no dump is to be taken and none is there, the row is
  /// skipped with the reason.
  [[nodiscard]] Result<Verdict> take(const store::Signal& signal);

  /// As take(), for whoever has nothing to do with the answer. News that cannot be recorded now (a
  /// full disk, a locked store) is kept and tried again by retry_untold().
  void tell(const store::Signal& signal);
  void retry_untold();

  /// The same for events of the system's log, which are kept with how far it was read: all of them
  /// or none. A hang or a bugcheck that the log tells of is over: no rule is asked.
  [[nodiscard]] Status take_events(const std::vector<store::LoggedNews>& news,
                                   std::string_view bookmark);

  /// The same for thresholds that a living process has met, which \p rule told: its limits decide.
  [[nodiscard]] Result<Verdict> take_threshold(const store::Signal& signal, std::string_view rule);

  /// Whether a limit of \p rule would now refuse a dump of this process. Nothing is recorded.
  [[nodiscard]] bool is_held_back(std::string_view rule, const rules::ProcessFacts& process);

  /// The same for a capture that an administrator asked for: no rule is needed and none limits it.
  [[nodiscard]] Result<Verdict> take_manual(const store::Signal& signal, rules::DumpKind dump);

  /// Takes back that a dump of \p id was allowed; \p decision says why.
  void refuse(store::CaptureId id, const rules::Decision& decision);

  /// A dump of \p id is being written: until \p until the row is not given up.
  void expect_dump(store::CaptureId id, Timestamp until) { expected_[id] = until; }
  void stop_expecting(store::CaptureId id) { expected_.erase(id); }

  /// No dump of \p id will come from whoever was to write it; \p why goes into the row. Does
  /// nothing when there is one already.
  void give_up(store::CaptureId id, std::string_view why);

  /// Gives up the rows that have waited longer than the join window for a dump. Costs nothing while
  /// no row waits.
  [[nodiscard]] Status skip_overdue();

 private:
  [[nodiscard]] Status settle_logged(const store::Signal& signal, const store::Recorded& recorded);
  [[nodiscard]] Result<bool> is_decided(const store::Signal& signal, const store::Capture& row);
  [[nodiscard]] Result<store::Capture> record(const store::Signal& signal, bool& created);
  [[nodiscard]] Result<store::Capture> look_up(const store::Signal& signal,
                                               const store::Recorded& recorded);
  [[nodiscard]] Result<Verdict> settle(const store::Signal& signal,
                                       const store::Capture& row,
                                       bool created);
  [[nodiscard]] const rules::Rule* find_rule(const store::Signal& signal,
                                             const store::Capture& row) const;
  [[nodiscard]] rules::Decision decide(const rules::Rule* rule, const store::Capture& row);
  [[nodiscard]] std::vector<store::PlannedAction> plan(const store::Capture& row,
                                                       const rules::Decision& decision);
  [[nodiscard]] Status enter(const store::Signal& signal,
                             const store::Capture& row,
                             const rules::Decision& decision);

  Parts parts_;
  rules::RuleSet rules_;
  std::map<store::CaptureId, Timestamp> expected_;
  std::deque<store::Signal> untold_;
  HourlyLimit acted_;  // of each rule
  std::set<std::string> not_done_said_;
  bool rows_wait_ = true;  // for a dump; at the start nobody knows
};

/// `the exit watch saw exit code 0xc0000005 (ACCESS_VIOLATION)`: what a row without a dump is known
/// by.
[[nodiscard]] std::string what_was_seen(const store::Capture& row);

}  // namespace vigil::service
