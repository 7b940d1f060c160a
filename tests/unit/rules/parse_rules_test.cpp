// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/rules.h"

namespace vigil::rules {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> problems_of(std::string_view text) {
  std::vector<std::string> result;
  for (const auto& problem : parse_rules(text, "rules.d/orders.yaml").problems)
    result.push_back(problem.format());
  return result;
}

/// One whole rule with \p line in place of, or besides, what a rule needs.
std::string with_line(std::string_view line) {
  return "schema: 1\nrules:\n  - name: a\n    match: { process: x }\n    when: crash\n    " +
         std::string(line) + "\n";
}
std::string with_match(std::string_view match) {
  return "schema: 1\nrules:\n  - name: a\n    match: " + std::string(match) + "\n    when: crash\n";
}

constexpr std::string_view kWhole = R"(schema: 1
owner: orders-team
rules:
  - name: orders-crash
    match: { process: OrdersApi.exe, not: { command_line: "*--test*" } }
    when: crash
    capture: { dump: mini, new_signature: full, attach: true }
    limits: { per_hour: 6, per_signature: 3, cooldown: 30s }
  - name: orders-exit
    match:
      process: [Orders*.exe, 'Billing?.exe']
      path: { any: 'C:\Orders\*', not: ['*\test\*', '*\old\*'] }
    when: { exit: { codes: [3] } }
    capture: { dump: none }
)";

TEST(ParseRules, ReadsEveryKey) {
  const auto loaded = parse_rules(kWhole, "rules.d/orders.yaml");
  ASSERT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.files, 1u);
  ASSERT_EQ(loaded.rules.rules.size(), 2u);
  const Rule& crash = loaded.rules.rules[0];
  EXPECT_EQ(crash.name, "orders-crash");
  EXPECT_EQ(crash.owner, "orders-team");
  EXPECT_EQ(crash.file, "rules.d/orders.yaml");
  EXPECT_EQ(crash.line, 4);
  EXPECT_EQ(crash.column, 11);
  EXPECT_THAT(crash.match.process.any, ElementsAre("OrdersApi.exe"));
  EXPECT_THAT(crash.match.command_line.none, ElementsAre("*--test*"));
  EXPECT_EQ(crash.when.kind, Condition::Kind::Crash);
  EXPECT_EQ(crash.dump, DumpKind::Mini);
  EXPECT_EQ(crash.new_signature, DumpKind::Full);
  EXPECT_TRUE(crash.attach);
  EXPECT_EQ(crash.limits.per_hour, 6u);
  EXPECT_EQ(crash.limits.per_signature, 3u);
  EXPECT_EQ(crash.limits.cooldown, 30s);
  EXPECT_FALSE(crash.fallback);
  const Rule& exit = loaded.rules.rules[1];
  EXPECT_THAT(exit.match.process.any, ElementsAre("Orders*.exe", "Billing?.exe"));
  EXPECT_THAT(exit.match.path.any, ElementsAre(R"(C:\Orders\*)"));
  EXPECT_THAT(exit.match.path.none, ElementsAre(R"(*\test\*)", R"(*\old\*)"));
  EXPECT_THAT(exit.when.exit_codes, ElementsAre(3u));
  EXPECT_EQ(exit.dump, DumpKind::None);
}

TEST(ParseRules, HasDefaultsForWhatIsLeftOut) {
  const auto loaded = parse_rules(with_line(""), "f");
  ASSERT_THAT(loaded.problems, IsEmpty());
  const Rule& rule = loaded.rules.rules[0];
  EXPECT_EQ(rule.owner, "");
  EXPECT_EQ(rule.dump, DumpKind::Mini);
  EXPECT_FALSE(rule.new_signature);
  EXPECT_FALSE(rule.attach);
  EXPECT_FALSE(rule.limits.per_hour || rule.limits.per_signature || rule.limits.cooldown);
}

TEST(ParseRules, AllowsNoRulesAtAll) {
  EXPECT_THAT(problems_of("schema: 1\nrules: []\n"), IsEmpty());
}

TEST(ParseRules, ReportsAllProblemsOfAFile) {
  EXPECT_THAT(problems_of(R"(schema: 1
ownr: orders-team
rules:
  - name: a
    match:
      proces: x
    when: crash
    limits: { per_hour: many, cooldown: 30 }
  - name: b c
    match: { process: y }
    when: crashs
    thn: {}
)"),
              ElementsAre("rules.d/orders.yaml:2:1: unknown key 'ownr'; did you mean 'owner'?",
                          "rules.d/orders.yaml:6:7: unknown key 'proces'; did you mean 'process'?",
                          "rules.d/orders.yaml:8:25: expected a whole number, found 'many'",
                          "rules.d/orders.yaml:8:41: '30' has no unit; a duration is a whole "
                          "number with one of ms, s, m, h "
                          "and d, such as 30s",
                          "rules.d/orders.yaml:9:11: rule name 'b c' has other characters than "
                          "letters, digits, '-', '_' "
                          "and '.'",
                          "rules.d/orders.yaml:11:11: unknown condition 'crashs'; did you mean "
                          "'crash'?",
                          "rules.d/orders.yaml:12:5: unknown key 'thn'; did you mean 'then'?"));
}

TEST(ParseRules, GivesNoRulesOfAFileWithAProblem) {
  EXPECT_THAT(parse_rules(std::string(kWhole) + "x: 1\n", "f").rules.rules, IsEmpty());
}

// ---- Every error path

TEST(ParseRules, RefusesAnEmptyFile) {
  for (const auto* text : {"", "# only a comment\n", "---\n", "null\n"}) {
    EXPECT_THAT(problems_of(text), ElementsAre("rules.d/orders.yaml: the file is empty; a rule "
                                               "file begins with 'schema: 1' and has 'rules:'"));
  }
}

TEST(ParseRules, RefusesARootThatIsNoMap) {
  EXPECT_THAT(problems_of("- name: a\n"),
              ElementsAre("rules.d/orders.yaml:1:1: expected a map of schema, owner, fallback and "
                          "rules, found a list"));
  EXPECT_THAT(problems_of("hello\n"), ElementsAre(HasSubstr("found the text 'hello'")));
}

TEST(ParseRules, RefusesAnotherSchema) {
  EXPECT_THAT(
      problems_of("schema: 2\nrules: []\n"),
      ElementsAre("rules.d/orders.yaml:1:9: this version reads schema 1, found the text '2'"));
  EXPECT_THAT(problems_of("schema:\nrules: []\n"),
              ElementsAre(HasSubstr("this version reads schema 1, found nothing")));
}

TEST(ParseRules, NamesWhatAFileLacks) {
  EXPECT_THAT(problems_of("owner: a\n"),
              ElementsAre("rules.d/orders.yaml:1:1: the file lacks schema and rules"));
  EXPECT_THAT(problems_of("schema: 1\n"),
              ElementsAre("rules.d/orders.yaml:1:1: the file lacks rules"));
}

TEST(ParseRules, NamesWhatARuleLacks) {
  EXPECT_THAT(problems_of("schema: 1\nrules:\n  - name: a\n"),
              ElementsAre("rules.d/orders.yaml:3:5: the rule lacks match and when"));
  EXPECT_THAT(problems_of("schema: 1\nrules: [{}]\n"),
              ElementsAre("rules.d/orders.yaml:2:9: the rule lacks name, match and when"));
}

TEST(ParseRules, RefusesRulesThatAreNoListOfMaps) {
  EXPECT_THAT(problems_of("schema: 1\nrules: { name: a }\n"),
              ElementsAre("rules.d/orders.yaml:2:8: expected a list of rules, found a map"));
  EXPECT_THAT(problems_of("schema: 1\nrules:\n"),
              ElementsAre(HasSubstr("expected a list of rules, found nothing")));
  EXPECT_THAT(problems_of("schema: 1\nrules: [a]\n"),
              ElementsAre("rules.d/orders.yaml:2:9: expected a map of name, match, when, capture, "
                          "keep, expires, then and limits, found the text 'a'"));
}

TEST(ParseRules, RefusesADoubleName) {
  EXPECT_THAT(
      problems_of(with_line("") + "  - name: a\n    match: { process: y }\n    when: crash\n"),
      ElementsAre("rules.d/orders.yaml:7:11: rule 'a' stands here twice, first in line 3"));
}

TEST(ParseRules, RefusesADoubleKey) {
  EXPECT_THAT(
      problems_of(with_line("when: exit")),
      ElementsAre("rules.d/orders.yaml:6:5: key 'when' stands here twice, first in line 5"));
}

TEST(ParseRules, RefusesAWrongMatch) {
  EXPECT_THAT(
      problems_of(with_match("{}")),
      ElementsAre("rules.d/orders.yaml:4:12: an empty match; every process is { process: '*' }"));
  EXPECT_THAT(
      problems_of(with_match("x.exe")),
      ElementsAre("rules.d/orders.yaml:4:12: expected a map of process, path, command_line, "
                  "service, user, version and not, found the text 'x.exe'"));
  EXPECT_THAT(problems_of(with_match("{ process: [] }")),
              ElementsAre("rules.d/orders.yaml:4:23: an empty list of patterns"));
  EXPECT_THAT(
      problems_of(with_match("{ process: {} }")),
      ElementsAre("rules.d/orders.yaml:4:23: an empty map of patterns; it takes any and not"));
  EXPECT_THAT(
      problems_of(with_match("{ process: '' }")),
      ElementsAre(
          "rules.d/orders.yaml:4:23: expected a pattern such as Orders*.exe, found an empty text"));
  EXPECT_THAT(problems_of(with_match("{ process: { non: a } }")),
              ElementsAre("rules.d/orders.yaml:4:25: unknown key 'non'; did you mean 'not'?"));
  EXPECT_THAT(problems_of(with_match("{ not: x }")),
              ElementsAre("rules.d/orders.yaml:4:19: expected a map of process, path, "
                          "command_line, service, user and version, found the text 'x'"));
  EXPECT_THAT(problems_of(with_match("{ path: \"C:\\new\\*\" }")),
              ElementsAre(HasSubstr("begins an escape")));
  EXPECT_THAT(problems_of(with_match("{ path: \"C:\\new\" }")),
              ElementsAre(HasSubstr("in double quotes '\\n' is one: use single quotes")));
}

TEST(ParseRules, LimitsThePattern) {
  EXPECT_THAT(problems_of(with_match("{ process: " + std::string(1024, 'x') + " }")), IsEmpty());
  EXPECT_THAT(
      problems_of(with_match("{ process: " + std::string(1025, 'x') + " }")),
      ElementsAre(HasSubstr("a pattern such as Orders*.exe of 1025 bytes, and the limit is 1024")));
}

TEST(ParseRules, RefusesWrongNames) {
  EXPECT_THAT(problems_of("schema: 1\nowner: [a]\nrules: []\n"),
              ElementsAre("rules.d/orders.yaml:2:8: expected an owner, found a list"));
  EXPECT_THAT(problems_of("schema: 1\nfallback: yes\nrules: []\n"),
              ElementsAre("rules.d/orders.yaml:2:11: expected true or false, found 'yes'"));
}

TEST(ParseRules, RefusesLimitsOutOfRange) {
  EXPECT_THAT(problems_of(with_line("limits: { per_hour: 0 }")),
              ElementsAre("rules.d/orders.yaml:6:25: '0' is out of range: from 1 to 1000000"));
  EXPECT_THAT(problems_of(with_line("limits: { cooldown: 31d }")),
              ElementsAre("rules.d/orders.yaml:6:25: '31d' is out of range: from 0s to 30d"));
  EXPECT_THAT(
      problems_of(with_line("limits: { cooldown: 30sec }")),
      ElementsAre("rules.d/orders.yaml:6:25: '30sec' has an unknown unit; did you mean '30s'?"));
  EXPECT_THAT(problems_of(with_line("limits:")),
              ElementsAre(HasSubstr("expected a map of per_hour, per_signature, cooldown, lifetime "
                                    "and fair_share, found nothing")));
}

TEST(ParseRules, RefusesAFileThatIsTooLarge) {
  EXPECT_THAT(problems_of("schema: 1\nrules: []\n" + std::string(kMaxRuleFileBytes, '\n')),
              ElementsAre("rules.d/orders.yaml: larger than 1MiB, which is the limit"));
}

TEST(ParseRules, SurvivesTruncationAtEveryLength) {
  for (std::size_t length = 0; length < kWhole.size(); ++length) {
    const auto loaded = parse_rules(kWhole.substr(0, length), "f");
    EXPECT_TRUE(loaded.problems.empty() || loaded.rules.rules.empty());
  }
}

TEST(ParseRules, SurvivesEveryLineLeftOutAndDoubled) {
  std::vector<std::string> lines;
  for (auto rest = kWhole; !rest.empty(); rest.remove_prefix(lines.back().size())) {
    lines.emplace_back(rest.substr(0, rest.find('\n') + 1));
  }
  for (std::size_t damaged = 0; damaged < lines.size(); ++damaged) {
    std::string without, doubled;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i != damaged) without += lines[i];
      doubled += i == damaged ? lines[i] + lines[i] : lines[i];
    }
    EXPECT_FALSE(parse_rules(doubled, "f").problems.empty()) << doubled;
    for (const auto& problem : parse_rules(without, "f").problems)
      EXPECT_GT(problem.line, 0) << without;
  }
}

TEST(ParseRules, AttachesForEventsOnly) {
  const auto with = [](const std::string& when) {
    return parse_rules("schema: 1\nrules:\n- name: hot\n  match: { process: a.exe }\n  when: " +
                           when + "\n  capture: { attach: true }\n",
                       "f")
        .problems;
  };
  EXPECT_TRUE(with("{ any: [crash, { cpu: { above: 85% } }] }").empty());
  const auto problems = with("{ cpu: { above: 85% } }");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].format(),
            "f:3:9: rule 'hot' attaches and asks for no event: 'attach' goes with crash, "
            "exit, exception, module and thread");
}

}  // namespace
}  // namespace vigil::rules
