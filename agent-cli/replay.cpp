// SPDX-License-Identifier: Apache-2.0
#include "replay.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "base/utf.h"
#include "watch/watch.h"

namespace vigil::cli {
namespace {

constexpr Microseconds kHour = std::chrono::hours(1);

std::string key_of(const store::Capture& capture) {
  return capture.signature.empty() ? capture.fault_key : capture.signature;
}

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
    const auto key = key_of(capture);
    history.signature_known = !key.empty() && known_.contains(key);
    const auto dumps = dumps_.find(rule.name);
    if (dumps == dumps_.end()) return history;
    for (const auto& dump : dumps->second) {
      ++history.dumps_ever;
      history.last_dump = dump.at;
      if (!key.empty() && dump.key == key) ++history.dumps_of_signature;
      if (capture.observed_at - dump.at >= kHour) continue;
      ++history.dumps_last_hour;
      if (dump.program == ascii_lower(capture.process)) ++history.dumps_of_program;
    }
    return history;
  }
  void add(const rules::Decision& decision, const store::Capture& capture) {
    if (const auto key = key_of(capture); !key.empty()) known_.insert(key);
    if (decision.dump == rules::DumpKind::None || !had_dump(capture)) return;
    dumps_[decision.rule].push_back(
        {capture.observed_at, ascii_lower(capture.process), key_of(capture)});
  }

 private:
  struct Dump {
    Timestamp at;
    std::string program, key;
  };
  std::map<std::string, std::vector<Dump>> dumps_;  // by rule, oldest first
  std::set<std::string> known_;
};

/// As the desk asks, without what was measured then.
const rules::Rule* find(const rules::RuleSet& rules, const store::Capture& capture) {
  store::Signal signal;
  signal.kind = capture.kind;
  signal.exception_code = capture.exception_code;
  signal.exit_code = capture.exit_code;
  return watch::find_rule(rules, signal, {capture.process, capture.path, capture.command_line});
}

}  // namespace

bool Replayed::differs() const {
  return capture->rule != decision.rule ||
         rules::dump_kind_from(capture->dump_kind).value_or(rules::DumpKind::None) != decision.dump;
}

std::vector<Replayed> replay(const rules::RuleSet& rules,
                             const std::vector<store::Capture>& captures) {
  std::vector<Replayed> replayed;
  Past past;
  auto in_force = rules;
  for (const auto& capture : captures) {
    if (!store::is_death(capture.kind)) continue;
    (void)in_force.retire(capture.observed_at);
    const auto* rule = find(in_force, capture);
    auto decision = rules::decide(
        rule, rule == nullptr ? rules::History{} : past.of(*rule, capture), capture.observed_at);
    past.add(decision, capture);
    replayed.push_back({&capture, std::move(decision)});
  }
  return replayed;
}

}  // namespace vigil::cli
