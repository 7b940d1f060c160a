// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "base/utf.h"
#include "base/words.h"
#include "capture_id.h"
#include "commands.h"
#include "output.h"
#include "rule_files.h"
#include "rules/rules.h"
#include "store/store.h"
#include "text.h"

namespace vigil::cli {
namespace {

/// What is explained: an event of a process, that has happened or might.
struct Question {
  rules::ProcessFacts process;
  std::string named;  ///< `Orders.exe (pid 4711)`
  rules::EventKind event = rules::EventKind::Crash;
  std::uint32_t exit_code = 0;
  std::string key;                     ///< Signature or fault key; empty: not known.
  std::optional<store::CaptureId> id;  ///< Of what has happened.
  bool knows_services = true;          ///< The store does not keep them.
  std::string decided;                 ///< The decision of then.
};

struct Answer {
  const rules::Rule* rule = nullptr;
  std::vector<rules::Clause> clauses;
  bool matches = false;
  bool meets = false;                            ///< The condition.
  std::optional<rules::Decision> decision = {};  ///< Of the first that matches and meets.
};

Result<Question> question_of_capture(store::Store& store, const std::string& id) {
  VIGIL_TRY_ASSIGN(const auto row, find_capture(store, id));
  Question question;
  question.process = {row.process, row.path, row.command_line};
  question.named = fmt::format("capture {}: {} (pid {})", row.id.value, row.process, row.pid.value);
  if (!store::is_death(row.kind)) {
    return Error{Errc::Unsupported,
                 fmt::format("capture {} is of a process that lived on ({}): only the service "
                             "knows what it measured. It says: {}",
                             row.id.value, store::to_string(row.kind), row.decision)};
  }
  question.event =
      row.kind == store::Kind::Crash ? rules::EventKind::Crash : rules::EventKind::Exit;
  question.exit_code = row.exit_code.value_or(row.exception_code.value_or(0));
  question.key = row.signature.empty() ? row.fault_key : row.signature;
  question.id = row.id;
  question.decided = row.decision;
  question.knows_services = false;
  return question;
}

Result<Question> question_of_process(const RulesExplainOptions& options) {
  Question question;
  if (options.pid) {
    VIGIL_TRY_ASSIGN(question.process, facts_of_process(ProcessId{*options.pid}));
    question.named = fmt::format("{} (pid {})", question.process.name, *options.pid);
  } else {
    question.process = {options.process, options.path, options.command_line, options.services};
    question.named = options.process;
  }
  if (options.exit_code.empty()) return question;
  auto code = rules::parse_exit_code(options.exit_code);
  if (!code.ok()) return std::move(code).take_error().with_context("--exit");
  question.exit_code = *code;
  if (!is_crash_exit_code(question.exit_code)) question.event = rules::EventKind::Exit;
  return question;
}

Result<rules::Decision> decide(store::Store* store, const rules::Rule& rule, const Question& q) {
  const auto now = SystemClock().now();
  rules::History history;
  if (store != nullptr) {
    VIGIL_TRY_ASSIGN(history, store->history({.rule = rule.name,
                                              .signature_or_fault_key = q.key,
                                              .program = q.process.name,
                                              .lifetime = true,
                                              .except = q.id},
                                             now));
  }
  return rules::decide(&rule, history, now);
}

Result<std::vector<Answer>> answer(store::Store* store,
                                   const rules::RuleSet& set,
                                   const Question& question) {
  std::vector<Answer> answers;
  for (const auto& rule : set.rules) {
    Answer one{.rule = &rule,
               .clauses = rules::explain(rule.match, question.process),
               .matches = rule.match.matches(question.process),
               .meets = rule.when.fits(question.event, question.exit_code)};
    if (one.matches && one.meets) {
      VIGIL_TRY_ASSIGN(one.decision, decide(store, rule, question));
      answers.push_back(std::move(one));
      break;
    }
    answers.push_back(std::move(one));
  }
  return answers;
}

std::string clause_line(std::string_view fits,
                        std::string_view what,
                        std::string_view wanted,
                        std::string_view found) {
  constexpr std::size_t kMaxFound = 100;
  auto line = fmt::format("    {:<3}  {:<16}  {}", fits, what, one_line(wanted));
  if (!found.empty()) line += fmt::format("  ← {}", cut_to_width(one_line(found), kMaxFound));
  return line + "\n";
}

std::string text_of(const Answer& answer, bool knows_services) {
  const auto& rule = *answer.rule;
  auto text = fmt::format("  {}  {}\n", rule.name, place_of(rule));
  for (const auto& clause : answer.clauses) {
    const bool unknown = !knows_services && clause.what.ends_with("service");
    text += clause_line(unknown       ? "?"
                        : clause.fits ? "yes"
                                      : "no",
                        clause.what, clause.wanted,
                        unknown                ? "the store does not keep services"
                        : clause.found.empty() ? "(none known)"
                                               : clause.found);
  }
  const bool watched = rule.when.wants_watching();
  text += clause_line(answer.meets ? "yes"
                      : watched    ? "?"
                                   : "no",
                      "when", rules::describe(rule.when),
                      watched && !answer.meets ? "only the service knows what holds" : "");
  if (const auto limits = rules::describe(rule.limits); !limits.empty())
    text += clause_line("", "limits", limits, {});
  if (answer.decision) text += fmt::format("    → {}\n", answer.decision->reason);
  return text;
}

nlohmann::ordered_json to_json(const Answer& answer) {
  nlohmann::ordered_json object;
  object["name"] = answer.rule->name;
  object["file"] = answer.rule->file;
  object["line"] = answer.rule->line;
  auto& clauses = object["clauses"] = nlohmann::ordered_json::array();
  for (const auto& clause : answer.clauses) {
    clauses.push_back({{"what", clause.what},
                       {"wanted", clause.wanted},
                       {"found", clause.found},
                       {"fits", clause.fits}});
  }
  object["when"] = rules::describe(answer.rule->when);
  object["matches"] = answer.matches;
  object["meets"] = answer.meets;
  if (answer.decision) {
    object["decision"] = {{"dump", rules::to_string(answer.decision->dump)},
                          {"reason", answer.decision->reason},
                          {"limited", answer.decision->limited}};
  }
  return object;
}

std::string event_in_words(const Question& question) {
  const auto kind = rules::to_string(question.event);
  return question.exit_code == 0 ? std::string(kind)
                                 : fmt::format("{} {}", kind, exception_name(question.exit_code));
}

void print_text(const Question& question,
                const std::vector<Answer>& answers,
                const rules::RuleSet& set) {
  auto text = fmt::format("{}: {}\n", one_line(question.named), event_in_words(question));
  if (!question.decided.empty())
    text += fmt::format("decided then: {}\n", one_line(question.decided));
  text += "\n";
  for (const auto& answer : answers) text += text_of(answer, question.knows_services) + "\n";
  const bool decided = !answers.empty() && answers.back().decision.has_value();
  if (!decided) text += "no rule matches\n";
  if (const auto rest = set.rules.size() - answers.size(); rest > 0)
    text +=
        fmt::format("{} behind it {} not asked\n", counted(rest, "rule"), rest == 1 ? "is" : "are");
  if (!set.idle.empty()) {
    text += fmt::format("{} disabled or expired; vigil rules list shows which\n",
                        counted(set.idle.size(), "rule"));
  }
  print(text);
}

void print_answers_json(const Question& question, const std::vector<Answer>& answers) {
  nlohmann::ordered_json object;
  object["process"] = {{"name", question.process.name},
                       {"path", question.process.path},
                       {"command_line", question.process.command_line},
                       {"services", question.process.services}};
  object["event"] = rules::to_string(question.event);
  if (question.exit_code != 0) object["code"] = fmt::format("0x{:08x}", question.exit_code);
  if (!question.decided.empty()) object["decided_then"] = question.decided;
  auto& list = object["rules"] = nlohmann::ordered_json::array();
  for (const auto& answer : answers) list.push_back(to_json(answer));
  print_json(object);
}

}  // namespace

ExitCode run_rules_explain(const Context& context, const RulesExplainOptions& options) {
  auto store = store::Store::open(context.store_file, store::OpenMode::ReadOnly);
  if (!store.ok() && (!options.id.empty() || store.error().code() != Errc::NotFound))
    return report_error(store.error());
  auto question =
      options.id.empty() ? question_of_process(options) : question_of_capture(*store, options.id);
  if (!question.ok() && question.error().code() == Errc::Malformed)
    return usage_error(question.error().message());
  if (!question.ok()) return report_error(question.error());
  const auto loaded = rules_of(context);
  const auto answers = answer(store.ok() ? &*store : nullptr, loaded.rules, *question);
  if (!answers.ok()) return report_error(answers.error());
  if (context.json) {
    print_answers_json(*question, *answers);
  } else {
    print_text(*question, *answers, loaded.rules);
  }
  for (const auto& problem : loaded.problems)
    say(fmt::format("invalid: {}\n", one_line(problem.format())));
  return loaded.problems.empty() ? ExitCode::Ok : ExitCode::Partial;
}

}  // namespace vigil::cli
