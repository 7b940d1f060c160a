// SPDX-License-Identifier: Apache-2.0
#include "explain_text.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "base/words.h"
#include "rule_files.h"
#include "text.h"

namespace vigil::cli {
namespace {

std::string_view mark(Fit fit) {
  return fit == Fit::Unknown ? "?" : to_string(fit);
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

std::string text_of(const Answer& answer, const Subject& subject) {
  const auto& rule = *answer.rule;
  auto text = fmt::format("  {}  {}\n", rule.name, one_line(place_of(rule)));
  for (const auto& clause : answer.clauses) {
    const bool known = is_known(clause, subject);
    text += clause_line(!known        ? "?"
                        : clause.fits ? "yes"
                                      : "no",
                        clause.what, clause.wanted,
                        !known                 ? "not known"
                        : clause.found.empty() ? "(none)"
                                               : clause.found);
  }
  text += clause_line(mark(answer.when), "when", rules::describe(rule.when), answer.found);
  if (const auto limits = rules::describe(rule.limits); !limits.empty())
    text += clause_line("", "limits", limits, {});
  if (!answer.outcome) return text;
  const std::string_view lead = answer.decides() ? "" : "if so: ";
  text += fmt::format("    → {}{}\n", lead, one_line(answer.outcome->decision.reason));
  if (answer.outcome->if_known)
    text += fmt::format("    → {}{}\n", lead, one_line(answer.outcome->if_known->reason));
  return text;
}

std::string end_of(const Section& section, bool all_read) {
  if (!section.first_decides) {
    const bool several = section.answers.size() > 1;
    return several ? "each by itself; of several that become met at once the first acts\n" : "";
  }
  if (section.behind > 0) {
    return fmt::format("{} behind it {} not asked\n", counted(section.behind, "rule"),
                       section.behind == 1 ? "is" : "are");
  }
  const auto& answers = section.answers;
  if (!answers.empty() && answers.back().decides()) return {};
  const bool maybe =
      std::ranges::any_of(answers, [](const Answer& answer) { return answer.outcome.has_value(); });
  return fmt::format("no {}rule {}matches\n", maybe ? "other " : "",
                     all_read ? "" : "that could be read ");
}

nlohmann::ordered_json to_json(const rules::Decision& decision) {
  return {{"dump", rules::to_string(decision.dump)},
          {"reason", decision.reason},
          {"limited", decision.limited}};
}

nlohmann::ordered_json to_json(const Answer& answer, const Subject& subject) {
  nlohmann::ordered_json object;
  object["name"] = answer.rule->name;
  object["file"] = answer.rule->file;
  object["line"] = answer.rule->line;
  auto& clauses = object["clauses"] = nlohmann::ordered_json::array();
  for (const auto& clause : answer.clauses) {
    const bool known = is_known(clause, subject);
    clauses.push_back({{"what", clause.what},
                       {"wanted", clause.wanted},
                       {"found", clause.found},
                       {"known", known},
                       {"fits", known && clause.fits}});
  }
  object["when"] = rules::describe(answer.rule->when);
  object["match"] = to_string(answer.match);
  object["matches"] = answer.match == Fit::Yes;
  object["met"] = to_string(answer.when);
  object["meets"] = answer.when == Fit::Yes;
  if (answer.outcome) object["decision"] = to_json(answer.outcome->decision);
  if (answer.outcome && answer.outcome->if_known)
    object["decision_if_known"] = to_json(*answer.outcome->if_known);
  return object;
}

}  // namespace

std::string explained_text(const Question& question,
                           const std::vector<Section>& sections,
                           const RulesInForce& rules) {
  std::string text;
  const auto named = one_line(question.named);
  if (sections.empty())
    text += fmt::format("{}: {}\n", named, question.kind ? store::to_string(*question.kind) : "");
  bool first = true;
  for (const auto& section : sections) {
    text += fmt::format("{}: {}\n", named, one_line(section.occasion));
    if (first && !question.decided.empty())
      text += fmt::format("decided then: {}\n", one_line(question.decided));
    first = false;
    text += "\n";
    for (const auto& answer : section.answers) text += text_of(answer, question.subject) + "\n";
    const auto end = end_of(section, rules.whole);
    const bool last = &section == &sections.back();
    text += end.empty() || last ? end : end + "\n";
  }
  if (sections.empty() && !question.decided.empty())
    text += fmt::format("decided then: {}\n", one_line(question.decided));
  for (const auto& note : notes_of(question)) text += fmt::format("{}: {}\n", named, note);
  if (!rules.loaded.rules.idle.empty()) {
    text += fmt::format("{} disabled or expired; vigil rules list shows which\n",
                        counted(rules.loaded.rules.idle.size(), "rule"));
  }
  return text;
}

nlohmann::ordered_json explained_json(const Question& question,
                                      const std::vector<Section>& sections,
                                      const RulesInForce& rules) {
  nlohmann::ordered_json object;
  const auto& process = question.subject.facts;
  object["process"] = {{"name", process.name},
                       {"path", process.path},
                       {"command_line", process.command_line},
                       {"services", process.services},
                       {"unknown", question.subject.unknown}};
  object["event"] = store::to_string(question.kind.value_or(store::Kind::Crash));
  if (question.code != 0) object["code"] = fmt::format("0x{:08x}", question.code);
  if (!question.decided.empty()) object["decided_then"] = question.decided;
  object["notes"] = notes_of(question);
  auto occasions = nlohmann::ordered_json::array();
  for (const auto& section : sections) {
    nlohmann::ordered_json one{{"occasion", section.occasion},
                               {"first_decides", section.first_decides}};
    auto& list = one["rules"] = nlohmann::ordered_json::array();
    for (const auto& answer : section.answers) list.push_back(to_json(answer, question.subject));
    occasions.push_back(std::move(one));
  }
  object["rules"] = occasions.empty() ? nlohmann::ordered_json::array() : occasions[0]["rules"];
  object["occasions"] = std::move(occasions);
  auto& problems = object["problems"] = nlohmann::ordered_json::array();
  for (const auto& problem : rules.loaded.problems) problems.push_back(problem.format());
  object["in_force"] = last_good_in_words(rules);
  return object;
}

}  // namespace vigil::cli
