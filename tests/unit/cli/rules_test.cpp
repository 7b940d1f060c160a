// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "unit/cli/cli_fixture.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class RulesCommand : public CliTest {
 protected:
  void write_rules(const std::string& text, const std::string& name = "orders.yaml") {
    std::filesystem::create_directories(folder / "rules.d");
    std::ofstream(folder / "rules.d" / name) << "schema: 1\nowner: orders\nrules:\n" << text;
  }
  static std::string rule(const std::string& name,
                          const std::string& process,
                          const std::string& more = "") {
    return "  - name: " + name + "\n    match: { process: '" + process + "' }\n    when: crash\n" +
           more;
  }
};

TEST_F(RulesCommand, ListTellsHowEachRuleStands) {
  auto store = open();
  finish(store, crash(), {});
  write_rules(rule("orders-crash", "Orders.exe", "    limits: { lifetime: 1 }\n") +
              rule("old", "x.exe", "    expires: 2020-01-01\n") + rule("quiet", "y.exe"));
  const auto output = vigil({"rules", "list"});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_THAT(output.out, HasSubstr("orders-crash  finished          0     1"));
  EXPECT_THAT(output.out, HasSubstr("lifetime limit of 1 reached"));
  EXPECT_THAT(output.out, HasSubstr("since 2020-01-01T00:00:00.000Z"));
  const auto json = vigil_json({"rules", "list"});
  ASSERT_EQ(json["rules"].size(), 3u);
  EXPECT_EQ(json["rules"][0]["state"], "finished");
  EXPECT_EQ(json["rules"][0]["dumps_ever"], 1);
  EXPECT_EQ(json["rules"][1]["name"], "quiet");
  EXPECT_EQ(json["rules"][2]["state"], "expired");
}

TEST_F(RulesCommand, ListSaysHowManySamplesAreTaken) {
  write_rules(
      "  - name: a\n    match: { process: x.exe }\n"
      "    when: { cpu: { above: 80%, for: 30s } }\n    capture: { samples: 3 }\n" +
      rule("b", "y.exe"));
  EXPECT_THAT(vigil({"rules", "list"}).out, HasSubstr("mini, 3 samples"));
  const auto json = vigil_json({"rules", "list"});
  EXPECT_EQ(json["rules"][0]["samples"], 3);
  EXPECT_FALSE(json["rules"][1].contains("samples"));
}

TEST_F(RulesCommand, ListSaysWhichFilesAreInvalid) {
  write_rules(rule("a", "x.exe"));
  write_rules("  - nam: b\n", "broken.yaml");
  const auto output = vigil({"rules", "list"});
  EXPECT_EQ(output.code, ExitCode::Partial);
  EXPECT_THAT(output.err, HasSubstr("invalid: rules.d/broken.yaml:4:"));
}

TEST_F(RulesCommand, DisableAndEnableSwitchARule) {
  write_rules(rule("a", "x.exe") + rule("b", "y.exe"));
  EXPECT_EQ(vigil({"rules", "disable", "a"}).err, "vigil: rule a is disabled\n");
  EXPECT_EQ(vigil({"rules", "disable", "a"}).err, "vigil: rule a is disabled already\n");
  EXPECT_THAT(vigil({"rules", "list"}).out, HasSubstr("a     disabled"));
  EXPECT_EQ(vigil({"rules", "enable", "a"}).err, "vigil: rule a is enabled\n");
  EXPECT_THAT(vigil({"rules", "list"}).out, Not(HasSubstr("disabled")));
  const auto unknown = vigil({"rules", "disable", "aa"});
  EXPECT_EQ(unknown.code, ExitCode::NotFound);
  EXPECT_THAT(unknown.err, HasSubstr("there is no rule 'aa'; did you mean 'a'?"));
}

TEST_F(RulesCommand, SwitchingARuleLeavesWhatElseTheFileSays) {
  write_rules(rule("a", "x.exe"));
  std::ofstream(folder / "rules.d" / ".disabled") << "# mine\nof-a-broken-file  # until Monday\n";
  EXPECT_EQ(vigil({"rules", "disable", "a"}).code, ExitCode::Ok);
  EXPECT_EQ(vigil({"rules", "enable", "a"}).code, ExitCode::Ok);
  std::ifstream stream(folder / "rules.d" / ".disabled");
  const std::string text((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  EXPECT_EQ(text, "# mine\nof-a-broken-file  # until Monday\n");
}

TEST_F(RulesCommand, TestCountsWhatWasBeforeItsBegin) {
  auto store = open();
  finish(store, crash(), {});
  const auto now = SystemClock().now();
  auto again = crash(now - Microseconds(1'000'000), 77);
  const auto id = record(store, again);
  ASSERT_TRUE(store
                  .set_decision(id, {rules::DumpKind::None, "orders-crash",
                                     "rule orders-crash: per_signature limit of 1 reached", true})
                  .ok());
  write_rules(rule("orders-crash", "Orders.exe", "    limits: { lifetime: 1 }\n"));
  EXPECT_EQ(vigil_json({"rules", "test", "--since", "1h ago"})["differ"], 0);
}

TEST_F(RulesCommand, ExplainGoesClauseByClauseToTheRuleThatDecides) {
  open();
  write_rules(rule("other", "Billing.exe") +
              rule("orders-crash", "Orders*", "    limits: { per_hour: 6 }\n") +
              rule("behind", "*"));
  const auto output = vigil({"rules", "explain", "--process", "Orders.exe"});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_THAT(output.out, HasSubstr("Orders.exe: crash\n"));
  EXPECT_THAT(output.out, HasSubstr("    no   process           Billing.exe  ← Orders.exe\n"));
  EXPECT_THAT(output.out, HasSubstr("    yes  process           Orders*  ← Orders.exe\n"));
  EXPECT_THAT(output.out, HasSubstr("    → rule orders-crash: mini dump\n"));
  EXPECT_THAT(output.out, HasSubstr("1 rule behind it is not asked\n"));
}

TEST_F(RulesCommand, ExplainOfACaptureSaysWhatWasDecidedThen) {
  auto store = open();
  const auto id = finish(store, crash(), {});
  write_rules(rule("orders-crash", "Orders*", "    limits: { per_signature: 1 }\n"));
  const auto output = vigil({"rules", "explain", std::to_string(id.value)});
  EXPECT_THAT(output.out, HasSubstr("decided then: rule orders-crash: mini dump\n"));
  EXPECT_THAT(output.out, HasSubstr("crash ACCESS_VIOLATION"));
  const auto json = vigil_json({"rules", "explain", "last"});
  EXPECT_EQ(json["decided_then"], "rule orders-crash: mini dump");
  EXPECT_EQ(json["rules"][0]["decision"]["dump"], "mini");
}

TEST_F(RulesCommand, ExplainOfAnExitAsksForItsCode) {
  write_rules(
      "  - name: gave-up\n    match: { process: x.exe }\n    when: { exit: { codes: [3] } }\n");
  EXPECT_THAT(vigil({"rules", "explain", "--process", "x.exe", "--exit", "3"}).out,
              HasSubstr("→ rule gave-up: mini dump"));
  EXPECT_THAT(vigil({"rules", "explain", "--process", "x.exe", "--exit", "4"}).out,
              HasSubstr("no rule matches"));
  EXPECT_EQ(vigil({"rules", "explain", "--process", "x.exe", "--exit", "zebra"}).code,
            ExitCode::Usage);
  EXPECT_EQ(vigil({"rules", "explain"}).code, ExitCode::Usage);
}

TEST_F(RulesCommand, TestSaysWhatNewRulesWouldHaveDone) {
  auto store = open();
  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto id = record(store, crash(kMorning + Microseconds(i * 1'000'000), 100 + i));
    ASSERT_TRUE(store
                    .set_decision(id, {rules::DumpKind::Mini, "orders-crash",
                                       "rule orders-crash: mini dump", false})
                    .ok());
  }
  write_rules(rule("orders-crash", "Orders.exe", "    limits: { per_hour: 2 }\n"));
  const auto output = vigil({"rules", "test"});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_THAT(output.out, HasSubstr("    then  rule orders-crash: mini dump\n"
                                    "    now   rule orders-crash: per_hour limit of 2 reached\n"));
  EXPECT_THAT(output.out,
              HasSubstr("3 deaths replayed, 1 decided otherwise; dumps: 3 then, 2 now, 0 of them "
                        "full\n"));
  EXPECT_EQ(vigil_json({"rules", "test"})["differ"], 1);
}

TEST_F(RulesCommand, TestRefusesRulesThatAreBroken) {
  open();
  write_rules("  - nam: a\n");
  EXPECT_EQ(vigil({"rules", "test"}).code, ExitCode::Usage);
  EXPECT_EQ(vigil({"rules", "test", "nowhere.yaml"}).code, ExitCode::NotFound);
}

TEST_F(RulesCommand, SchemaIsTheDocumentedOne) {
  const auto printed = nlohmann::json::parse(vigil({"rules", "schema"}).out);
  EXPECT_EQ(printed["title"], "Vigil rule file");
}

}  // namespace
}  // namespace vigil::cli
