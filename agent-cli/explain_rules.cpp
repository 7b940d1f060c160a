// SPDX-License-Identifier: Apache-2.0
#include "explain_rules.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "platform/platform.h"
#include "settings/settings.h"
#include "watch/watch.h"

namespace vigil::cli {
namespace {

using rules::EventKind;
using store::Kind;

bool is_own(const Question& question) {
  return watch::is_own_program(question.subject.facts.name);
}

/// Who sees an occasion, and what is known of it then.
enum class Sort : std::uint8_t {
  End,       ///< Windows tells of it, whoever watches.
  Measured,  ///< Of a process that lives: no signature is known before its dump.
  Attached,  ///< Of one that a dumper is attached to.
};

constexpr std::string_view kNew = ", the signature is new", kKnown = ", the signature is known";

/// \p reason with \p words in place of what it states of the signature.
std::string reworded(std::string reason, std::string_view words) {
  for (const auto stated : {kNew, kKnown}) {
    if (reason.ends_with(stated)) reason.resize(reason.size() - stated.size());
  }
  return reason.append(words);
}

/// Whether a rule waits for events of this sort, alone or together with others.
bool awaits(const rules::Rule& rule, EventKind event) {
  using Of = rules::Condition::Kind;
  bool asks = false;
  rule.when.for_each([&](const rules::Condition& part) {
    const bool wanted = event == EventKind::Bugcheck
                            ? part.kind == Of::Bugcheck
                            : part.kind == Of::Crash || part.kind == Of::Exit;
    asks = asks || wanted;
  });
  return asks;
}

/// Answers rule by rule for one question.
class Explainer {
 public:
  Explainer(const rules::RuleSet& set, const Question& question, const Past& past)
      : set_(set), question_(question), past_(past) {}

  /// Of an end: the first rule that fits decides.
  Result<Section> event(EventKind event) {
    Section section{.occasion = named(event), .first_decides = true};
    bool decided = false;
    for (const auto& rule : set_.rules) {
      if (!awaits(rule, event)) continue;
      if (decided) {
        ++section.behind;
        continue;
      }
      auto one = begin(rule, fit_of(rule.when, event, question_.code));
      if (one.when == Fit::Unknown) one.found = "only the service knows what holds";
      VIGIL_TRY(settle(one, Sort::End));
      decided = one.decides();
      section.answers.push_back(std::move(one));
    }
    return section;
  }

  /// Each rule by itself of those that \p asks picks.
  Result<Section> each(std::string occasion,
                       Sort sort,
                       const std::function<bool(const rules::Condition&)>& asks,
                       std::string_view found) {
    Section section{.occasion = std::move(occasion)};
    for (const auto& rule : set_.rules) {
      if (!asks(rule.when)) continue;
      const bool met = !question_.rule.empty() && rule.name == question_.rule;
      auto one = begin(rule, met ? Fit::Yes : Fit::Unknown);
      one.found = met ? "met then, as it was recorded" : found;
      VIGIL_TRY(settle(one, sort));
      section.answers.push_back(std::move(one));
    }
    return section;
  }

 private:
  [[nodiscard]] std::string named(EventKind event) const {
    const auto kind = rules::to_string(event);
    return question_.code == 0 ? std::string(kind)
                               : fmt::format("{} {}", kind, exception_name(question_.code));
  }

  [[nodiscard]] Answer begin(const rules::Rule& rule, Fit when) const {
    return {.rule = &rule,
            .clauses = rules::explain(rule.match, question_.subject.facts),
            .match = fit_of(rule.match, question_.subject),
            .when = when};
  }

  Status settle(Answer& answer, Sort sort) {
    if (answer.match == Fit::No || answer.when == Fit::No) return {};
    const auto refuse = [&](std::string why) {
      answer.outcome =
          Outcome{.decision = {rules::DumpKind::None, answer.rule->name, std::move(why)}};
    };
    if (is_own(question_)) {
      refuse("Vigil takes no dumps of its own programs");
    } else if (question_.subject.critical && sort != Sort::End) {
      refuse(fmt::format("rule {}: no dump: Windows cannot do without {}", answer.rule->name,
                         question_.subject.facts.name));
    } else {
      VIGIL_TRY_ASSIGN(answer.outcome, outcome(*answer.rule, sort));
    }
    return {};
  }

  Result<Outcome> outcome(const rules::Rule& rule, Sort sort) {
    const auto now = SystemClock().now();
    rules::History history{.by_program = sort == Sort::Measured};
    if (past_.store != nullptr) {
      VIGIL_TRY_ASSIGN(history, past_.store->history({.rule = rule.name,
                                                      .signature_or_fault_key = question_.key,
                                                      .measured = sort == Sort::Measured,
                                                      .program = question_.subject.facts.name,
                                                      .lifetime = true,
                                                      .except = question_.id},
                                                     now));
    }
    Outcome outcome{.decision = with_disk(rules::decide(&rule, history, now))};
    auto& decision = outcome.decision;
    if (!question_.key.empty() || sort == Sort::Measured) return outcome;
    if (rule.new_signature) {
      history.signature_known = true;
      auto if_known = with_disk(rules::decide(&rule, history, now));
      if (if_known.reason != decision.reason) {
        decision.reason = reworded(decision.reason, ", if its signature is new");
        if_known.reason = reworded(if_known.reason, ", if it is known");
        outcome.if_known = std::move(if_known);
      }
    }
    auto& last = outcome.if_known ? *outcome.if_known : decision;
    if (rule.limits.per_signature && last.dump != rules::DumpKind::None) {
      last.reason +=
          fmt::format(", unless {} of its signature are kept", *rule.limits.per_signature);
    }
    return outcome;
  }

  [[nodiscard]] rules::Decision with_disk(rules::Decision decision) const {
    if (decision.dump == rules::DumpKind::None || past_.low_disk.empty()) return decision;
    return {rules::DumpKind::None, decision.rule,
            fmt::format("rule {}: {}", decision.rule, past_.low_disk)};
  }

  const rules::RuleSet& set_;
  const Question& question_;
  const Past& past_;
};

bool has_decided(const Section& section) {
  return !section.answers.empty() && section.answers.back().decides();
}

/// As watch::find_rule() has it: what no rule for crashes wants may be one of exits.
Result<Section> explain_death(Explainer& explainer, Kind kind, std::uint32_t code) {
  if (kind == Kind::Exit) return explainer.event(EventKind::Exit);
  VIGIL_TRY_ASSIGN(auto crash, explainer.event(EventKind::Crash));
  if (code == 0 || has_decided(crash)) return crash;
  VIGIL_TRY_ASSIGN(auto exit, explainer.event(EventKind::Exit));
  if (!has_decided(exit)) return crash;
  exit.occasion = crash.occasion;
  return exit;
}

Result<Section> explain_occasion(Explainer& explainer, const Question& question) {
  const auto kind = *question.kind;
  return explainer.each(
      question.detail.empty() ? std::string(store::to_string(kind)) : question.detail,
      store::needs_attach(kind) ? Sort::Attached : Sort::Measured,
      [&](const rules::Condition& when) { return asks_for(when, kind, question.code); },
      "what was the case then is not kept");
}

Result<std::vector<Section>> explain_whatever(Explainer& explainer) {
  std::vector<Section> sections;
  VIGIL_TRY_ASSIGN(auto crash, explainer.event(EventKind::Crash));
  sections.push_back(std::move(crash));
  const auto add = [&](Result<Section> section) -> Status {
    if (!section.ok()) return std::move(section).take_error();
    if (!section->answers.empty()) sections.push_back(std::move(section).take());
    return {};
  };
  VIGIL_TRY(add(explainer.each("exit", Sort::End, can_be_met_by_exit,
                               "the first rule that wants its code decides: see --exit")));
  VIGIL_TRY(add(explainer.each("while it runs", Sort::Measured, can_be_met_alive,
                               "only the service knows what holds")));
  VIGIL_TRY(add(explainer.each("while it runs, attached to", Sort::Attached, asks_for_attached,
                               "only the attached dumper sees it")));
  return sections;
}

}  // namespace

std::string low_disk_of(const Context& context) {
  const auto settings =
      settings::load_settings(settings::DataPaths{context.data_folder}.settings_file());
  const auto free = platform::free_disk_bytes(context.data_folder);
  if (!settings.ok() || !free.ok() || *free >= settings->min_free_disk_bytes) return {};
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  return fmt::format("low disk: {} MiB are free and min_free_disk is {} MiB", *free / kMiB,
                     settings->min_free_disk_bytes / kMiB);
}

Result<std::vector<Section>> explain_rules(const rules::RuleSet& set,
                                           const Question& question,
                                           const Past& past) {
  Explainer explainer(set, question, past);
  if (!question.kind) return explain_whatever(explainer);
  const auto kind = *question.kind;
  if (kind == Kind::Manual) return std::vector<Section>{};
  Result<Section> section = store::is_death(kind) ? explain_death(explainer, kind, question.code)
                            : kind == Kind::Bugcheck || kind == Kind::LiveReport
                                ? explainer.event(EventKind::Bugcheck)
                                : explain_occasion(explainer, question);
  if (!section.ok()) return std::move(section).take_error();
  std::vector<Section> sections;
  sections.push_back(std::move(section).take());
  return sections;
}

std::vector<std::string> notes_of(const Question& question) {
  std::vector<std::string> notes;
  if (is_own(question)) {
    notes.emplace_back(
        "one of Vigil's own programs: nothing of it is measured, nobody attaches "
        "to it, and no dump of it is taken");
  } else if (question.subject.critical) {
    notes.emplace_back(
        "Windows cannot do without it: nothing of it is measured, and nobody "
        "attaches to it; a dump of its crash could only come from Windows itself");
  }
  if (question.kind == Kind::Manual)
    notes.emplace_back("an administrator asked for it: no rule was asked");
  constexpr std::uint32_t kAbortExitCode = 3;  // of older C runtimes
  const bool to_come = !question.id;
  if (to_come && question.kind == store::Kind::Exit && question.code == kAbortExitCode) {
    notes.emplace_back(
        "where Vigil is attached and sees it end itself, code 3 is what abort() leaves: a crash, "
        "of "
        "which rules for crashes are asked");
  }
  return notes;
}

}  // namespace vigil::cli
