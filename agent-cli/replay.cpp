// SPDX-License-Identifier: Apache-2.0
#include "replay.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

#include "base/utf.h"
#include "base/words.h"
#include "rule_files.h"
#include "rule_fit.h"

namespace vigil::cli {
namespace {

constexpr Microseconds kHour = std::chrono::hours(1);

/// What a capture is known by: before its dump was read, and since.
struct Keys {
  std::string fault, signature;
  explicit Keys(const store::Capture& capture)
      : fault(capture.fault_key), signature(capture.signature) {}
  [[nodiscard]] bool is(const Keys& other) const {
    return (!fault.empty() && fault == other.fault) ||
           (!signature.empty() && signature == other.signature);
  }
};

/// Whether a dump came, or could still come: where nobody brought one, none counts.
bool had_dump(const store::Capture& capture) {
  const bool lost = capture.state == store::State::Skipped && capture.dump_kind != "none";
  const bool hearsay = capture.seen_by == std::vector{store::Source::EventLog};
  return !lost && !hearsay;
}

/// What the limits count, as the store would have counted it.
class Past {
 public:
  [[nodiscard]] rules::History of(const rules::Rule& rule, const store::Capture& capture) const {
    rules::History history;
    const Keys keys(capture);
    const std::pair met(rule.name, ascii_lower(capture.process));
    history.by_program = store::is_measured(capture.kind);
    history.program_met = history.by_program && met_.contains(met);
    history.signature_known = history.by_program ? dumped_.contains(met) : is_known(keys);
    const auto dumps = dumps_.find(rule.name);
    if (dumps == dumps_.end()) return history;
    for (const auto& dump : dumps->second) {
      ++history.dumps_ever;
      history.last_dump = dump.at;
      if (dump.keys.is(keys)) ++history.dumps_of_signature;
      if (capture.observed_at - dump.at >= kHour) continue;
      ++history.dumps_last_hour;
      if (dump.program == ascii_lower(capture.process)) ++history.dumps_of_program;
    }
    return history;
  }
  void add(const rules::Decision& decision, const store::Capture& capture) {
    const std::pair met(decision.rule, ascii_lower(capture.process));
    known_.insert({capture.fault_key, capture.signature});
    if (!decision.rule.empty()) met_.insert(met);
    if (decision.dump == rules::DumpKind::None || !had_dump(capture)) return;
    dumped_.insert(met);
    dumps_[decision.rule].push_back({capture.observed_at, met.second, Keys(capture)});
  }

 private:
  struct Dump {
    Timestamp at;
    std::string program;
    Keys keys;
  };
  [[nodiscard]] bool is_known(const Keys& keys) const {
    const auto has = [this](const std::string& key) {
      return !key.empty() && known_.contains(key);
    };
    return has(keys.fault) || has(keys.signature);
  }
  std::map<std::string, std::vector<Dump>> dumps_;  // by rule, oldest first
  std::set<std::string> known_;
  std::set<std::pair<std::string, std::string>> met_, dumped_;  // rule and program
};

/// The rule that decides, as far as the history tells.
struct Found {
  const rules::Rule* rule = nullptr;  ///< Null: none.
  /// One that was asked before it, and of which nobody knows whether it would have decided.
  const rules::Rule* doubtful = nullptr;
  bool taken_as_met = false;
};

/// Asks rule by rule for one row.
class Asker {
 public:
  Asker(const rules::RuleSet& rules, const store::Capture& row)
      : rules_(rules),
        row_(row),
        subject_(subject_of(row)),
        code_(row.exit_code.value_or(row.exception_code.value_or(0))) {}

  [[nodiscard]] Found find() const {
    using rules::EventKind;
    if (row_.kind == store::Kind::Bugcheck || row_.kind == store::Kind::LiveReport)
      return of_event(EventKind::Bugcheck);
    if (!store::is_death(row_.kind)) return of_living();
    if (row_.kind == store::Kind::Exit) return of_event(EventKind::Exit);
    const auto crash = of_event(EventKind::Crash);
    // As watch::find_rule() has it.
    const bool known = row_.exit_code || row_.exception_code;
    if (crash.rule != nullptr || !known) return crash;
    auto exit = of_event(EventKind::Exit);
    if (crash.doubtful != nullptr) exit.doubtful = crash.doubtful;
    return exit;
  }

 private:
  [[nodiscard]] Found of_event(rules::EventKind event) const {
    Found found;
    for (const auto& rule : rules_.rules) {
      const auto fit = std::min(fit_of(rule.match, subject_), fit_of(rule.when, event, code_));
      if (fit == Fit::No) continue;
      // What decided then fitted, whatever it was that nobody has written down.
      if (fit == Fit::Yes || rule.name == row_.rule) {
        found.rule = &rule;
        found.taken_as_met = fit != Fit::Yes;
        return found;
      }
      if (found.doubtful == nullptr) found.doubtful = &rule;
    }
    return found;
  }

  /// A rule by the name of the one that was met then; without such a one the first that waits for
  /// something of that sort.
  [[nodiscard]] Found of_living() const {
    Found found;
    for (const auto& rule : rules_.rules) {
      if (!asks_for(rule.when, row_.kind, code_)) continue;
      const auto fit = fit_of(rule.match, subject_);
      if (fit == Fit::No) continue;
      if (rule.name == row_.rule) return {&rule, nullptr, true};
      if (found.rule != nullptr) continue;
      if (fit == Fit::Yes) {
        found.rule = &rule;
        found.taken_as_met = true;
      } else if (found.doubtful == nullptr) {
        found.doubtful = &rule;
      }
    }
    return found;
  }

  const rules::RuleSet& rules_;
  const store::Capture& row_;
  Subject subject_;
  std::uint32_t code_;
};

/// Whether rules were asked about it, and not a person or nobody at all.
bool was_asked_about(const store::Capture& row) {
  if (row.kind == store::Kind::Manual) return false;
  return store::is_death(row.kind) || row.seen_by != std::vector{store::Source::EventLog};
}

/// What \p rule asks for that the history does not know of this process.
std::string missing(const rules::Rule& rule, const store::Capture& row) {
  auto keys = unknown_keys(rule.match, subject_of(row));
  if (!rule.when.wants_watching() || !store::is_death(row.kind)) return keys;
  constexpr std::string_view kMeasured = "what was measured";
  return keys.empty() ? std::string(kMeasured) : fmt::format("{} and {}", keys, kMeasured);
}

}  // namespace

bool Replayed::differs() const {
  if (!unknown.empty()) return false;
  return capture->rule != decision.rule ||
         rules::dump_kind_from(capture->dump_kind).value_or(rules::DumpKind::None) != decision.dump;
}

std::string Replayed::words() const {
  if (!unknown.empty())
    return fmt::format("not known: {}; if that does not fit: {}", unknown, decision.reason);
  return decision.reason + (taken_as_met ? " (taken as met, as it was recorded)" : "");
}

std::vector<Replayed> replay(const rules::RuleSet& rules,
                             const std::vector<store::Capture>& captures) {
  std::vector<Replayed> replayed;
  Past past;
  auto in_force = rules;
  for (const auto& capture : captures) {
    if (!was_asked_about(capture)) continue;
    (void)in_force.retire(capture.observed_at);
    const auto found = Asker(in_force, capture).find();
    Replayed one{.capture = &capture, .taken_as_met = found.taken_as_met};
    one.decision = rules::decide(
        found.rule, found.rule == nullptr ? rules::History{} : past.of(*found.rule, capture),
        capture.observed_at);
    if (found.doubtful != nullptr) {
      one.doubtful = found.doubtful->name;
      one.unknown = fmt::format("rule {} asks for {}, which the history does not know",
                                one.doubtful, missing(*found.doubtful, capture));
    }
    past.add(one.decision, capture);
    replayed.push_back(std::move(one));
  }
  return replayed;
}

std::vector<Untested> untested(const rules::RuleSet& rules, const std::vector<Replayed>& replayed) {
  std::vector<Untested> all;
  for (const auto& rule : rules.rules) {
    const auto doubts = std::ranges::count(replayed, rule.name, &Replayed::doubtful);
    const auto taken = std::ranges::count_if(replayed, [&](const Replayed& one) {
      return one.taken_as_met && one.unknown.empty() && one.decision.rule == rule.name;
    });
    const auto keys = unknown_keys(rule.match, subject_of(store::Capture{}));
    std::string why;
    const auto add = [&](std::string words) { why += (why.empty() ? "" : "; ") + words; };
    if (!keys.empty()) add(fmt::format("the history does not know its {}", keys));
    if (rule.when.wants_watching() || asks_for_attached(rule.when)) {
      add("what would have met it beside what was recorded is not known: nothing that was measured "
          "is kept");
    }
    if (taken > 0)
      add(fmt::format("taken as met {}", counted(static_cast<std::uint64_t>(taken), "time")));
    if (doubts > 0) {
      add(fmt::format("{} not known for that",
                      counted(static_cast<std::uint64_t>(doubts), "decision")));
    }
    if (!why.empty()) all.push_back({rule.name, std::move(why)});
  }
  return all;
}

}  // namespace vigil::cli
