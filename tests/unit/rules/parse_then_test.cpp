// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/rules.h"

namespace vigil::rules {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

LoadResult parse(const std::string& then) {
  return parse_rules(
      "schema: 1\nrules:\n  - name: a\n    match: { process: x }\n    when: crash\n    then: " +
          then,
      "f");
}

std::vector<Action> actions_of(const std::string& then) {
  const auto loaded = parse(then);
  for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.format();
  return loaded.problems.empty() ? loaded.rules.rules.at(0).then : std::vector<Action>();
}

std::string problem_of(const std::string& then) {
  const auto loaded = parse(then);
  return loaded.problems.empty() ? "" : loaded.problems.at(0).message;
}

TEST(ParseThen, KnowsEachAction) {
  EXPECT_THAT(
      actions_of("{ webhook: 'https://hooks.example.com/a?b=c' }"),
      ElementsAre(Action{Action::Kind::Webhook, "https://hooks.example.com/a?b=c", {}, 24h}));
  EXPECT_THAT(actions_of("{ webhook: { url: 'http://127.0.0.1:8080', retry: 0s } }"),
              ElementsAre(Action{Action::Kind::Webhook, "http://127.0.0.1:8080", {}, 0s}));
  EXPECT_THAT(actions_of("{ restart: service }"),
              ElementsAre(Action{Action::Kind::Restart, "", {}, 30s}));
  EXPECT_THAT(actions_of("{ restart: { timeout: 2m } }"),
              ElementsAre(Action{Action::Kind::Restart, "", {}, 2min}));
  EXPECT_THAT(actions_of(R"({ run: { program: 'C:\ops\page.exe', arguments: ['--id', '{id}'] } })"),
              ElementsAre(Action{Action::Kind::Run, R"(C:\ops\page.exe)", {"--id", "{id}"}, 1min}));
  EXPECT_EQ(actions_of("{ webhook: 'https://a', restart: service }").size(), 2u);
}

TEST(ParseThen, RefusesWhatCannotBeDone) {
  EXPECT_THAT(problem_of("{ webhook: 'ftp://a' }"), HasSubstr("this is no URL"));
  EXPECT_THAT(problem_of("{ webhook: 'https://' }"), HasSubstr("this is no URL"));
  EXPECT_THAT(problem_of("{ webhook: 'https://a b' }"), HasSubstr("this is no URL"));
  EXPECT_THAT(problem_of("{ webhook: 'https://user:token@a' }"), Not(HasSubstr("token")));
  EXPECT_THAT(problem_of("{ webhook: { retry: 1h } }"), HasSubstr("'webhook' lacks url"));
  EXPECT_THAT(problem_of("{ restart: machine }"), HasSubstr("'restart' takes 'service'"));
  EXPECT_THAT(problem_of("{ run: { program: page.exe } }"), HasSubstr("is no full path"));
  EXPECT_THAT(problem_of(R"({ run: { program: '\\srv\ops\page.exe' } })"),
              HasSubstr("is no full path"));
  EXPECT_THAT(problem_of(R"({ run: { program: 'C:\ops\page.ps1' } })"),
              HasSubstr("is no full path of a program"));
  EXPECT_THAT(problem_of("{ run: { arguments: [] } }"), HasSubstr("'run' lacks program"));
  EXPECT_THAT(problem_of(R"({ run: { program: 'C:\a.exe', arguments: ['{ide}'] } })"),
              HasSubstr("unknown '{ide}'"));
  EXPECT_THAT(problem_of("{ mail: 'a@example.com' }"), HasSubstr("unknown key 'mail'"));
}

}  // namespace
}  // namespace vigil::rules
