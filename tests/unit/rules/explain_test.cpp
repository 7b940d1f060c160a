// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/rules.h"

namespace vigil::rules {
namespace {

Rule parsed(const std::string& match, const std::string& when = "crash") {
  const auto loaded = parse_rules(
      "schema: 1\nrules:\n  - name: a\n    match: { " + match + " }\n    when: " + when + "\n",
      "x.yaml");
  for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.format();
  return loaded.rules.rules.front();
}

const ProcessFacts kOrders{"OrdersApi.exe", R"(C:\Orders\OrdersApi.exe)", "", {"Orders"}};

TEST(Explain, SaysOfEachClauseWhetherItFits) {
  const auto rule = parsed(
      "process: [Billing.exe, 'Orders*'], service: Other, "
      "not: { command_line: '*--test*' }");
  const auto clauses = explain(rule.match, kOrders);
  ASSERT_EQ(clauses.size(), 3u);
  EXPECT_EQ(clauses[0].what, "process");
  EXPECT_EQ(clauses[0].wanted, "Billing.exe or Orders*");
  EXPECT_EQ(clauses[0].found, "OrdersApi.exe");
  EXPECT_TRUE(clauses[0].fits);
  EXPECT_EQ(clauses[1].what, "not command_line");
  EXPECT_EQ(clauses[1].found, "");
  EXPECT_TRUE(clauses[1].fits);
  EXPECT_EQ(clauses[2].what, "service");
  EXPECT_EQ(clauses[2].found, "Orders");
  EXPECT_FALSE(clauses[2].fits);
}

TEST(Explain, AllClausesFitExactlyWhereTheRuleMatches) {
  for (const char* match : {"process: 'Orders*'", "process: other.exe", "path: 'C:/Orders/*'",
                            "path: 'D:\\*'", "service: Orders", "service: { not: Orders }",
                            "command_line: '*'", "process: { any: '*', not: OrdersApi.exe }",
                            "process: '*', not: { path: 'C:\\Orders\\*' }"}) {
    const auto rule = parsed(match);
    bool all = true;
    for (const auto& clause : explain(rule.match, kOrders)) all = all && clause.fits;
    EXPECT_EQ(all, rule.match.matches(kOrders)) << match;
  }
}

TEST(Explain, DescribesConditions) {
  const auto of = [](const char* when) { return describe(parsed("process: x", when).when); };
  EXPECT_EQ(of("crash"), "crash");
  EXPECT_EQ(of("exit"), "exit with any code but 0 and those of a crash");
  EXPECT_EQ(of("{ exit: { codes: [3, 0xc0000005] } }"), "exit with 3 or ACCESS_VIOLATION");
  EXPECT_EQ(of("{ exit: { codes: [-1, 0xfffffffe, 0xffff0000] } }"),
            "exit with -1 (0xffffffff) or -2 (0xfffffffe) or 0xffff0000");
  EXPECT_EQ(of("{ hang: { tcp: '127.0.0.1:80', failures: 1 } }"), "hang: 127.0.0.1:80 fails once");
  EXPECT_EQ(of("{ hang: { tcp: '127.0.0.1:80', failures: 2 } }"),
            "hang: 127.0.0.1:80 fails 2 times in a row");
  EXPECT_EQ(of("{ any: [crash, { handles: { above: 100, for: 1m } }] }"),
            "any of (crash; handles above 100 for 1m)");
}

TEST(Disabled, NamesStandOneInALine) {
  EXPECT_THAT(parse_disabled("# talk\n a \r\n\nb # because\n"), testing::ElementsAre("a", "b"));
  EXPECT_THAT(parse_disabled(""), testing::IsEmpty());
}

}  // namespace
}  // namespace vigil::rules
