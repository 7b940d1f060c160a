// SPDX-License-Identifier: Apache-2.0
#include "desk.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "action_plan.h"
#include "base/exception_codes.h"
#include "base/utf.h"
#include "watch/watch.h"

namespace vigil::service {
namespace {

std::string named(const store::Capture& row) {
  return fmt::format("#{} {} ({})", row.id.value, printable_utf8(row.process), row.pid.value);
}

/// `crash 0xc0000005 (ACCESS_VIOLATION)`, `exit 0x3`: as short as a log line wants it.
std::string happening(const store::Signal& signal) {
  const auto code = signal.exception_code ? signal.exception_code : signal.exit_code;
  const auto kind = store::to_string(signal.kind);
  if (!store::is_death(signal.kind) && !signal.detail.empty()) return printable_utf8(signal.detail);
  return code ? fmt::format("{} {}", kind, code_in_words(*code)) : std::string(kind);
}

std::string_view by_whom(store::Source source) {
  switch (source) {
    case store::Source::AeDebug: return "AeDebug";
    case store::Source::Attach: return "the attached dumper";
    case store::Source::ExitWatch: return "the exit watch";
    case store::Source::Inbox: return "a file in the inbox";
    case store::Source::Manual: return "an administrator";
    case store::Source::Sampler: return "the sampler";
    case store::Source::EventLog: return "the event log";
    case store::Source::CrashControl: return "a dump of the kernel";
  }
  return "somebody";
}

rules::ProcessFacts facts_of(const store::Capture& row) {
  return {row.process, row.path, row.command_line};
}

bool awaits_dump(store::State state) {
  return state == store::State::Observed || state == store::State::Skipped;
}

rules::Decision nothing_to_dump(store::Kind kind) {
  return {rules::DumpKind::None,
          {},
          kind == store::Kind::Bugcheck ? "Windows has left no dump of it that was found"
                                        : "it was over when the event log told of it",
          false};
}

/// A dump of the kernel is there when the machine has started again.
Microseconds longest_wait(store::Kind kind) {
  const bool of_kernel = kind == store::Kind::Bugcheck || kind == store::Kind::LiveReport;
  return of_kernel ? std::chrono::hours(24) : std::chrono::hours(1);
}

/// A row does not say how its dump is taken; its rule does, as it is now.
rules::Decision decision_in_force(const store::Capture& row, const rules::RuleSet& rules) {
  const auto rule = std::ranges::find(rules.rules, row.rule, &rules::Rule::name);
  return {rules::dump_kind_from(row.dump_kind).value_or(rules::DumpKind::None), row.rule,
          row.decision, false, rule == rules.rules.end() ? rules::Manner{} : rule->manner};
}

}  // namespace

std::string what_was_seen(const store::Capture& row) {
  if (row.seen_by.empty()) return "nothing more is known";
  const auto who = by_whom(row.seen_by.front());
  if (store::needs_attach(row.kind) && !row.detail.empty())
    return fmt::format("{} saw: {}", who, printable_utf8(row.detail));
  if (row.exit_code) return fmt::format("{} saw exit code {}", who, code_in_words(*row.exit_code));
  if (row.exception_code) return fmt::format("{} saw {}", who, code_in_words(*row.exception_code));
  return fmt::format("{} saw it end", who);
}

Result<Verdict> Desk::take(const store::Signal& signal) {
  bool created = false;
  VIGIL_TRY_ASSIGN(const auto row, record(signal, created));
  return settle(signal, row, created);
}

Result<Verdict> Desk::settle(const store::Signal& signal, const store::Capture& row, bool created) {
  VIGIL_TRY_ASSIGN(const bool decided, is_decided(signal, row));
  if (!awaits_dump(row.state) || decided)
    return Verdict{row.id, row.state, decision_in_force(row, rules_), created};
  const auto decision = decide(find_rule(signal, row), row);
  VIGIL_TRY(enter(signal, row, decision));
  return Verdict{row.id, row.state, decision, created};
}

Status Desk::take_events(const std::vector<store::LoggedNews>& news, std::string_view bookmark) {
  VIGIL_TRY_ASSIGN(const auto taken,
                   parts_.store.take_events(news, bookmark, parts_.settings.join_window));
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (!taken[i]) continue;
    // They are recorded: what fails from here on leaves a row that is given up later.
    const auto done = settle_logged(*news[i].signal, *taken[i]);
    if (!done.ok()) parts_.log.error("#{}: {}", taken[i]->id.value, done.error().message());
  }
  return {};
}

Status Desk::settle_logged(const store::Signal& signal, const store::Recorded& recorded) {
  VIGIL_TRY_ASSIGN(const auto row, look_up(signal, recorded));
  if (store::is_death(signal.kind)) {
    const auto verdict = settle(signal, row, recorded.created);
    return verdict.ok() ? Status() : Status(verdict.error());
  }
  return row.decision.empty() ? enter(signal, row, nothing_to_dump(signal.kind)) : Status();
}

Result<Verdict> Desk::take_threshold(const store::Signal& signal, std::string_view rule) {
  bool created = false;
  VIGIL_TRY_ASSIGN(const auto row, record(signal, created));
  const auto found = std::ranges::find(rules_.rules, rule, &rules::Rule::name);
  const auto decision = decide(found == rules_.rules.end() ? nullptr : &*found, row);
  VIGIL_TRY(enter(signal, row, decision));
  return Verdict{row.id, row.state, decision, created};
}

bool Desk::is_held_back(std::string_view rule, const rules::ProcessFacts& process) {
  const auto found = std::ranges::find(rules_.rules, rule, &rules::Rule::name);
  if (found == rules_.rules.end()) return false;
  store::Capture row;
  row.process = process.name;
  return decide(&*found, row).limited;
}

Result<store::Capture> Desk::record(const store::Signal& signal, bool& created) {
  VIGIL_TRY_ASSIGN(const auto recorded, parts_.store.record(signal, parts_.settings.join_window));
  created = recorded.created;
  return look_up(signal, recorded);
}

Result<store::Capture> Desk::look_up(const store::Signal& signal, const store::Recorded& recorded) {
  const bool note = recorded.created && parts_.circumstances;
  const auto json = note ? parts_.circumstances(signal) : std::string();
  if (!json.empty()) VIGIL_TRY(parts_.store.set_circumstances(recorded.id, json));
  return parts_.store.get(recorded.id);
}

void Desk::tell(const store::Signal& signal) {
  if (untold_.empty()) {
    const auto taken = take(signal);
    if (taken.ok()) return;
    parts_.log.error("{}; news is kept until it can be recorded", taken.error().message());
  }
  if (untold_.size() < kMaxUntold) {
    untold_.push_back(signal);
  } else {
    parts_.log.error("{} ({}): {}, not recorded", printable_utf8(signal.process), signal.pid.value,
                     happening(signal));
  }
}

void Desk::retry_untold() {
  if (untold_.empty()) return;
  const auto before = untold_.size();
  while (!untold_.empty() && take(untold_.front()).ok()) untold_.pop_front();
  if (untold_.empty()) parts_.log.info("{} kept signals are recorded now", before);
}

Result<Verdict> Desk::take_manual(const store::Signal& signal, rules::DumpKind dump) {
  bool created = false;
  VIGIL_TRY_ASSIGN(const auto row, record(signal, created));
  const rules::Decision decision{dump, {}, "an administrator asked for it", false};
  if (awaits_dump(row.state)) VIGIL_TRY(enter(signal, row, decision));
  return Verdict{row.id, row.state, decision, created};
}

Result<bool> Desk::is_decided(const store::Signal& signal, const store::Capture& row) {
  if (row.decision.empty() || row.rule.empty()) return false;
  const bool first_was_logged = row.seen_by.front() == store::Source::EventLog;
  if (signal.fault_key.empty() && !first_was_logged) return true;
  // The first signal that knows where the fault was brings what per-signature limits need.
  VIGIL_TRY_ASSIGN(const auto signals, parts_.store.signals(row.id));
  // What an event has decided, which anybody may have written, is decided again by the first who
  // has seen it.
  const auto seeing = std::ranges::count_if(
      signals, [](const auto& s) { return s.source != store::Source::EventLog; });
  if (first_was_logged && seeing == 1 && signal.source != store::Source::EventLog) return false;
  if (signal.fault_key.empty()) return true;
  const auto knowing = std::count_if(signals.begin(), signals.end(),
                                     [](const auto& s) { return !s.fault_key.empty(); });
  return knowing > 1;
}

const rules::Rule* Desk::find_rule(const store::Signal& signal, const store::Capture& row) const {
  auto facts = facts_of(row);
  rules::Holds holds;
  if (row.process_start) {
    const ProcessKey process{row.pid, *row.process_start};
    if (parts_.holds) holds = parts_.holds(process);
    // A row does not have the services of its process, its account and its version.
    const auto known = parts_.facts ? parts_.facts(process) : std::nullopt;
    if (known) {
      facts.services = known->services;
      facts.user = known->user;
      facts.version = known->version;
    }
  }
  return watch::find_rule(rules_, signal, facts, holds);
}

rules::Decision Desk::decide(const rules::Rule* rule, const store::Capture& row) {
  if (watch::is_own_program(row.process)) {
    return {rules::DumpKind::None, {}, "Vigil takes no dumps of its own programs", false};
  }
  const auto now = parts_.clock.now();
  const auto history = rule == nullptr
                           ? Result<rules::History>(rules::History{})
                           : parts_.store.history({.rule = rule->name,
                                                   .signature_or_fault_key = row.fault_key,
                                                   .measured = store::is_measured(row.kind),
                                                   .program = row.process,
                                                   .lifetime = rule->limits.lifetime.has_value(),
                                                   .except = row.id},
                                                  now);
  if (!history.ok()) {
    // Without the past no limit can be kept; taking nothing is what cannot do harm.
    return {rules::DumpKind::None, {}, history.error().message(), true};
  }
  auto decision = rules::decide(rule, *history, now);
  if (decision.dump == rules::DumpKind::None) return decision;
  const auto free = parts_.free_disk_bytes();
  if (free.ok() && *free < parts_.settings.min_free_disk_bytes) {
    constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
    return {rules::DumpKind::None, decision.rule,
            fmt::format("rule {}: low disk: {} MiB are free and min_free_disk is {} MiB",
                        decision.rule, *free / kMiB, parts_.settings.min_free_disk_bytes / kMiB),
            false};
  }
  return decision;
}

/// A refusal by a limit is of what it would lead to as well: a storm of crashes is none of
/// messages.
std::vector<store::PlannedAction> Desk::plan(const store::Capture& row,
                                             const rules::Decision& decision) {
  const auto rule = std::ranges::find(rules_.rules, decision.rule, &rules::Rule::name);
  if (decision.rule.empty() || decision.limited || rule == rules_.rules.end() || rule->then.empty())
    return {};
  // What only an event tells of anybody may have written: nothing is done before somebody has seen
  // it. Nor is it for what happened long ago, which is much at a first start.
  const bool is_hearsay = std::ranges::all_of(
      row.seen_by, [](store::Source source) { return source == store::Source::EventLog; });
  const auto now = parts_.clock.now();
  if (is_hearsay || now - row.observed_at > longest_wait(row.kind)) return {};
  if (acted_.is_used_up(rule->name, now)) {
    if (acted_.is_first_refusal(rule->name, now)) {
      parts_.log.warn("rule {}: {} times in an hour something was done by it; nothing more is",
                      rule->name, HourlyLimit::kPerHour);
    }
    return {};
  }
  acted_.count(rule->name, now);
  for (const auto& action : rule->then) {
    if (is_allowed(action.kind, parts_.settings)) continue;
    const auto line = fmt::format("rule {}: its {} is not done: see 'actions' in vigil.yaml",
                                  rule->name, rules::to_string(action.kind));
    if (not_done_said_.insert(line).second) parts_.log.warn("{}", line);
  }
  auto facts = facts_of(row);
  if (row.process_start && parts_.facts) {
    if (auto known = parts_.facts({row.pid, *row.process_start})) facts = std::move(*known);
  }
  return plan_actions(*rule, parts_.settings, facts, now);
}

Status Desk::enter(const store::Signal& signal,
                   const store::Capture& row,
                   const rules::Decision& decision) {
  VIGIL_TRY(parts_.store.set_decision(row.id, decision, plan(row, decision)));
  rows_wait_ = true;
  if (decision.dump == rules::DumpKind::None) {
    VIGIL_TRY(parts_.store.skip(row.id, decision.reason, parts_.clock.now()));
  }
  parts_.log.info("{}: {}, seen by {}: {}", named(row), happening(signal),
                  store::to_string(signal.source), decision.reason);
  return {};
}

void Desk::refuse(store::CaptureId id, const rules::Decision& decision) {
  auto done = parts_.store.set_decision(id, decision);
  if (done.ok()) done = parts_.store.skip(id, decision.reason, parts_.clock.now());
  if (!done.ok()) parts_.log.error("#{}: {}", id.value, done.error().message());
}

void Desk::give_up(store::CaptureId id, std::string_view why) {
  stop_expecting(id);
  const auto row = parts_.store.get(id);
  // Where the store takes nothing now, the row is overdue later.
  if (!row.ok() || row->state != store::State::Observed) return;
  if (parts_.store.skip(id, why, parts_.clock.now()).ok()) {
    parts_.log.warn("{}: {}", named(*row), why);
  }
}

Status Desk::skip_overdue() {
  if (!rows_wait_) return {};
  const auto now = parts_.clock.now();
  std::erase_if(expected_, [&](const auto& entry) { return entry.second <= now; });
  VIGIL_TRY_ASSIGN(const auto overdue, parts_.store.overdue(now - parts_.settings.join_window));
  for (const auto& row : overdue) {
    if (expected_.contains(row.id)) continue;
    const auto reason = fmt::format("no dump arrived; {}", what_was_seen(row));
    VIGIL_TRY(parts_.store.skip(row.id, reason, now));
    parts_.log.warn("{}: {}", named(row), reason);
  }
  VIGIL_TRY_ASSIGN(const auto counts, parts_.store.counts());
  rows_wait_ = counts.observed > 0;
  return {};
}

}  // namespace vigil::service
