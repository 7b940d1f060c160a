// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "unit/cli/rules_fixture.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

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
  EXPECT_THAT(output.err, HasSubstr("of rules.d/broken.yaml nothing is in force\n"));
  const auto json = vigil_json({"rules", "list"});
  ASSERT_EQ(json["rules"].size(), 2u);
  EXPECT_EQ(json["rules"][1]["state"], "invalid");
  EXPECT_EQ(json["rules"][1]["file"], "rules.d/broken.yaml");
  EXPECT_THAT(json["rules"][1]["problems"][0], HasSubstr("rules.d/broken.yaml:4:"));
}

TEST_F(RulesCommand, ListHasTheLastGoodVersionOfABrokenFile) {
  write_rules(rule("a", "x.exe"));
  write_rules("  - nam: b\n", "broken.yaml");
  write_last_good(rule("a", "an-old-copy.exe"), "orders.yaml");
  write_last_good(rule("b", "y.exe") + rule("c", "z.exe"), "broken.yaml");
  const auto output = vigil({"rules", "list"});
  EXPECT_EQ(output.code, ExitCode::Partial);
  EXPECT_THAT(output.out, HasSubstr("by the last good version of its file"));
  EXPECT_THAT(output.err,
              HasSubstr("of rules.d/broken.yaml the last good version stays in force: 2 rules\n"));
  const auto json = vigil_json({"rules", "list"});
  ASSERT_EQ(json["rules"].size(), 4u);
  EXPECT_EQ(json["rules"][0]["name"], "b");
  EXPECT_EQ(json["rules"][0]["last_good"], true);
  EXPECT_EQ(json["rules"][2]["name"], "a");
  EXPECT_FALSE(json["rules"][2].contains("last_good"));
  EXPECT_EQ(json["rules"][3]["state"], "invalid");
  EXPECT_THAT(json["in_force"][0], HasSubstr("the last good version stays in force: 2 rules"));
}

TEST_F(RulesCommand, DisableKnowsRulesOfTheLastGoodVersionOnly) {
  write_rules("  - nam: b\n", "broken.yaml");
  write_last_good(rule("b", "y.exe"), "broken.yaml");
  EXPECT_EQ(vigil({"rules", "disable", "b"}).code, ExitCode::Ok);
  EXPECT_THAT(vigil({"rules", "list"}).err,
              HasSubstr("of rules.d/broken.yaml the last good version stays, whose rules are "
                        "disabled\n"));
  EXPECT_EQ(vigil({"rules", "enable", "b"}).code, ExitCode::Ok);
  EXPECT_EQ(vigil({"rules", "disable", "c"}).code, ExitCode::NotFound);
}

TEST_F(RulesCommand, ListDoesNotSayThatThereAreNoRulesWhereAFileIsBroken) {
  write_rules("  - nam: b\n", "broken.yaml");
  const auto output = vigil({"rules", "list"});
  EXPECT_THAT(output.err, Not(HasSubstr("no rules")));
  EXPECT_THAT(output.out, HasSubstr("invalid"));
}

TEST_F(RulesCommand, NothingIsSwitchedInAFileThatIsNotObeyed) {
  write_rules(rule("a", "x.exe"));
  const auto file = folder / "rules.d" / ".disabled";
  std::ofstream(file, std::ios::binary) << "a\n\xff\n";
  for (const char* way : {"disable", "enable"}) {
    const auto output = vigil({"rules", way, "a"});
    EXPECT_NE(output.code, ExitCode::Ok);
    EXPECT_THAT(output.err, HasSubstr("rules.d/.disabled: is not UTF-8; the service obeys nothing "
                                      "that it says"));
  }
  EXPECT_EQ(std::filesystem::file_size(file), 4u);
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

TEST_F(RulesCommand, CheckWarnsOfARuleThatNeverActs) {
  write_rules("  - name: a\n    match: { process: x.exe }\n    when: { all: [crash, exit] }\n" +
              rule("old", "y.exe", "    expires: 2020-01-01\n"));
  const auto output = vigil({"rules", "check"});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_THAT(output.err, HasSubstr("rules.d/orders.yaml:4:11: warning: rule 'a' never acts: "));
  EXPECT_THAT(output.err, HasSubstr("warning: rule 'old' has expired"));
  EXPECT_EQ(output.out, "2 rules (1 disabled or expired) in 1 file, no problems, 2 warnings\n");
  const auto json = vigil_json({"rules", "check"});
  ASSERT_EQ(json["warnings"].size(), 2u);
  EXPECT_EQ(json["warnings"][0]["line"], 4);
  EXPECT_EQ(json["problems"].size(), 0u);
}

TEST_F(RulesCommand, SchemaIsTheDocumentedOne) {
  const auto printed = nlohmann::json::parse(vigil({"rules", "schema"}).out);
  EXPECT_EQ(printed["title"], "Vigil rule file");
}

}  // namespace
}  // namespace vigil::cli
