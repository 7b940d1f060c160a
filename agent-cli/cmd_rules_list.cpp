// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/utf.h"
#include "commands.h"
#include "console.h"
#include "output.h"
#include "rule_files.h"
#include "rules/rules.h"
#include "store/store.h"
#include "table.h"
#include "text.h"

namespace vigil::cli {
namespace {

/// One rule and how it stands.
struct Line {
  rules::Rule rule;
  rules::RuleStanding standing;
  rules::History history;
  bool last_good;  ///< Its file has problems now.
};

Result<std::vector<Line>> read_lines(const Context& context, const RulesInForce& in_force) {
  const auto& set = in_force.loaded.rules;
  std::optional<store::Store> store;
  auto opened = store::Store::open(context.store_file, store::OpenMode::ReadOnly);
  if (opened.ok()) {
    store = std::move(opened).take();
  } else if (opened.error().code() != Errc::NotFound) {
    return std::move(opened).take_error();
  }
  const auto now = SystemClock().now();
  std::vector<Line> lines;
  const auto add = [&](const rules::Rule& rule) -> Status {
    rules::History history;
    if (store) {
      VIGIL_TRY_ASSIGN(
          history, store->history({.rule = rule.name, .lifetime = true, .under_way = true}, now));
    }
    lines.push_back(
        {rule, rules::standing_of(rule, history, now), history, in_force.is_last_good(rule)});
    return {};
  };
  for (const auto& rule : set.rules) VIGIL_TRY(add(rule));
  for (const auto& [rule, expired] : set.idle) {
    VIGIL_TRY(add(rule));
    if (!expired) lines.back().standing = {rules::Standing::Disabled, "vigil rules enable"};
  }
  return lines;
}

nlohmann::ordered_json to_json(const Line& line) {
  nlohmann::ordered_json object;
  const auto& rule = line.rule;
  object["name"] = rule.name;
  object["state"] = rules::to_string(line.standing.standing);
  if (!line.standing.reason.empty()) object["reason"] = line.standing.reason;
  if (line.last_good) object["last_good"] = true;
  object["file"] = rule.file;
  object["line"] = rule.line;
  if (!rule.owner.empty()) object["owner"] = rule.owner;
  object["when"] = rules::describe(rule.when);
  object["dump"] = rules::to_string(rule.dump);
  if (rule.new_signature) object["new_signature"] = rules::to_string(*rule.new_signature);
  if (rule.samples.count > 1) object["samples"] = rule.samples.count;
  object["attach"] = rule.attach;
  if (const auto limits = rules::describe(rule.limits); !limits.empty()) object["limits"] = limits;
  if (rule.expires) object["expires"] = format_utc(*rule.expires);
  object["dumps_last_hour"] = line.history.dumps_last_hour;
  object["dumps_ever"] = line.history.dumps_ever;
  if (line.history.last_dump) object["last_dump_at"] = format_utc(*line.history.last_dump);
  return object;
}

/// A file whose rules are not those in force.
struct Broken {
  std::string file;
  std::vector<std::string> problems;
};

std::vector<Broken> broken_of(const rules::LoadResult& loaded) {
  std::vector<Broken> broken;
  for (const auto& file : broken_files(loaded)) {
    auto& one = broken.emplace_back(Broken{file, {}});
    for (const auto& problem : loaded.problems) {
      if (problem.file == file) one.problems.push_back(problem.format());
    }
  }
  return broken;
}

constexpr std::string_view kInvalid = "invalid";

std::string reason_of(const Line& line) {
  auto reason = one_line(line.standing.reason);
  if (!line.last_good) return reason;
  return reason + (reason.empty() ? "" : "; ") + "by the last good version of its file";
}

Table table_of(const std::vector<Line>& lines, const std::vector<Broken>& broken) {
  Table table({{"NAME"},
               {"STATE"},
               {"LAST HOUR", Table::Align::Right},
               {"EVER", Table::Align::Right},
               {"DUMP"},
               {"WHEN"},
               {"WHERE"},
               {"REASON"}});
  for (const auto& line : lines) {
    const auto& rule = line.rule;
    auto dump = std::string(rules::to_string(rule.dump));
    if (rule.new_signature) dump += fmt::format(", new: {}", rules::to_string(*rule.new_signature));
    if (rule.samples.count > 1) dump += fmt::format(", {} samples", rule.samples.count);
    table.add({rule.name, std::string(rules::to_string(line.standing.standing)),
               fmt::format("{}", line.history.dumps_last_hour),
               fmt::format("{}", line.history.dumps_ever), dump,
               one_line(rules::describe(rule.when)), one_line(place_of(rule)), reason_of(line)});
  }
  for (const auto& [file, problems] : broken) {
    const auto rest = problems.size() - 1;
    table.add({"-", std::string(kInvalid), "-", "-", "-", "-", one_line(file),
               one_line(problems.front()) + (rest > 0 ? fmt::format(" (and {} more)", rest) : "")});
  }
  return table;
}

}  // namespace

ExitCode run_rules_list(const Context& context) {
  const auto rules = rules_in_force(context);
  const auto& loaded = rules.loaded;
  const auto lines = read_lines(context, rules);
  if (!lines.ok()) return report_error(lines.error());
  const auto broken = broken_of(loaded);
  if (context.json) {
    nlohmann::ordered_json object;
    auto list = nlohmann::ordered_json::array();
    for (const auto& line : *lines) list.push_back(to_json(line));
    for (const auto& [file, found] : broken)
      list.push_back({{"state", kInvalid}, {"file", file}, {"problems", found}});
    object["rules"] = std::move(list);
    auto& problems = object["problems"] = nlohmann::ordered_json::array();
    for (const auto& problem : loaded.problems) problems.push_back(problem.format());
    object["in_force"] = last_good_in_words(rules);
    print_json(object);
  } else {
    if (lines->empty() && broken.empty()) {
      say("no rules\n");
    } else {
      print(table_of(*lines, broken).text(context, terminal_width()));
    }
    say_what_is_broken(rules);
  }
  return loaded.problems.empty() ? ExitCode::Ok : ExitCode::Partial;
}

}  // namespace vigil::cli
