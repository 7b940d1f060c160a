// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/grammar.h"

namespace vigil::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string code_error(std::string_view text) {
  return parse_exit_code(text).error().message();
}

TEST(ExitCode, IsDecimalHexadecimalOrNegative) {
  EXPECT_EQ(parse_exit_code("0").value(), 0u);
  EXPECT_EQ(parse_exit_code("3").value(), 3u);
  EXPECT_EQ(parse_exit_code("4294967295").value(), 0xffff'ffffu);
  EXPECT_EQ(parse_exit_code("-1").value(), 0xffff'ffffu);
  EXPECT_EQ(parse_exit_code("-1073741819").value(), 0xc000'0005u);
  EXPECT_EQ(parse_exit_code("-2147483648").value(), 0x8000'0000u);
  EXPECT_EQ(parse_exit_code("0xc0000005").value(), 0xc000'0005u);
  EXPECT_EQ(parse_exit_code("0XC0000005").value(), 0xc000'0005u);
}

TEST(ExitCode, IsAName) {
  EXPECT_EQ(parse_exit_code("ACCESS_VIOLATION").value(), 0xc000'0005u);
  EXPECT_EQ(parse_exit_code("access_violation").value(), 0xc000'0005u);
  EXPECT_EQ(parse_exit_code("STATUS_ACCESS_VIOLATION").value(), 0xc000'0005u);
  EXPECT_EQ(parse_exit_code("EXCEPTION_ACCESS_VIOLATION").value(), 0xc000'0005u);
  EXPECT_EQ(parse_exit_code("COR_E_FAILFAST").value(), 0x8013'1623u);
}

TEST(ExitCode, SaysWhatIsWrong) {
  EXPECT_EQ(code_error("4294967296"), "'4294967296' is not an exit code: it has more than 32 bits");
  EXPECT_EQ(code_error("-2147483649"),
            "'-2147483649' is not an exit code: it has more than 32 bits");
  EXPECT_EQ(code_error("0x100000000"),
            "'0x100000000' is not an exit code: it has more than 32 bits");
  EXPECT_EQ(code_error("3s"), "'3s' is not an exit code; write it as 3, -1 or 0xc0000005");
  EXPECT_EQ(code_error("0x"), "'0x' is not an exit code; write it as 3, -1 or 0xc0000005");
  EXPECT_EQ(code_error("0xc000000g"),
            "'0xc000000g' is not an exit code; write it as 3, -1 or 0xc0000005");
  EXPECT_EQ(code_error("ACCES_VIOLATION"),
            "'ACCES_VIOLATION' is not an exit code; did you mean 'ACCESS_VIOLATION'?");
  const std::string hint =
      " is not an exit code; write a number such as 3, -1 or 0xc0000005, or a name such as "
      "ACCESS_VIOLATION";
  EXPECT_EQ(code_error("zebra"), "'zebra'" + hint);
  EXPECT_EQ(code_error(""), "''" + hint);
  EXPECT_EQ(code_error("-"), "'-'" + hint);
  EXPECT_EQ(code_error("-ACCESS_VIOLATION"),
            "'-ACCESS_VIOLATION' is not an exit code; did you mean 'ACCESS_VIOLATION'?");
}

struct Parsed {
  Condition condition;
  std::vector<std::string> problems;
};

Parsed parse_condition(std::string_view text) {
  yaml::Problems problems("f");
  Parsed parsed;
  const auto root = yaml::parse(text, problems);
  read_condition(*root, parsed.condition, problems);
  for (const auto& problem : std::move(problems).take())
    parsed.problems.push_back(problem.format());
  return parsed;
}

TEST(ReadCondition, KnowsCrashAsWordAndMap) {
  for (const auto* text : {"crash", "crash:", "crash: {}"}) {
    const auto [condition, problems] = parse_condition(text);
    EXPECT_THAT(problems, IsEmpty()) << text;
    EXPECT_EQ(condition.kind, Condition::Kind::Crash) << text;
  }
}

TEST(ReadCondition, KnowsExitAsWordAndMap) {
  for (const auto* text : {"exit", "exit:", "exit: {}"}) {
    const auto [condition, problems] = parse_condition(text);
    EXPECT_THAT(problems, IsEmpty()) << text;
    EXPECT_EQ(condition.kind, Condition::Kind::Exit) << text;
    EXPECT_THAT(condition.exit_codes, IsEmpty()) << text;
  }
  EXPECT_THAT(parse_condition("exit: { codes: 3 }").condition.exit_codes, ElementsAre(3u));
  EXPECT_THAT(
      parse_condition("exit: { codes: [3, -1, 0xc0000005, HEAP_CORRUPTION] }").condition.exit_codes,
      ElementsAre(3u, 0xffff'ffffu, 0xc000'0005u, 0xc000'0374u));
}

constexpr std::string_view kKnown =
    "crash, exit, cpu, memory, handles, threads, counter, hang, exception, module, thread, "
    "bugcheck, any "
    "and all";

TEST(ReadCondition, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(parse_condition("crsh").problems,
              ElementsAre("f:1:1: unknown condition 'crsh'; did you mean 'crash'?"));
  EXPECT_THAT(parse_condition("[crash]").problems,
              ElementsAre("f:1:1: expected a map of " + std::string(kKnown) + ", found a list"));
  EXPECT_THAT(parse_condition("crash: { code: 3 }").problems,
              ElementsAre("f:1:8: 'crash' takes nothing, found a map"));
  EXPECT_THAT(parse_condition("exit: { code: 3 }").problems,
              ElementsAre("f:1:9: unknown key 'code'; did you mean 'codes'?"));
  EXPECT_THAT(parse_condition("exit: 3").problems,
              ElementsAre("f:1:7: expected a map of codes, found the text '3'"));
}

TEST(ReadCondition, TakesOneConditionOnly) {
  EXPECT_THAT(
      parse_condition("crash:\nexit:\n").problems,
      ElementsAre("f:1:1: 2 conditions; here stands one, which may be 'any' or 'all' of a list"));
  EXPECT_THAT(
      parse_condition("{}").problems,
      ElementsAre("f:1:1: 0 conditions; here stands one, which may be 'any' or 'all' of a list"));
}

TEST(ReadCondition, NamesEveryWrongCode) {
  EXPECT_THAT(parse_condition("exit:\n  codes: [x1, 3, [4]]\n").problems,
              ElementsAre("f:2:11: 'x1' is not an exit code; write a number such as 3, -1 or "
                          "0xc0000005, or a name such "
                          "as ACCESS_VIOLATION",
                          "f:2:18: expected an exit code such as 3, -1, 0xc0000005 or "
                          "ACCESS_VIOLATION, found a list"));
  EXPECT_THAT(parse_condition("exit: { codes: [] }").problems,
              ElementsAre("f:1:16: an empty list of exit codes"));
}

TEST(ReadCondition, LimitsTheNumberOfCodes) {
  const auto codes = [](int count) {
    std::string text = "exit:\n  codes:\n";
    for (int i = 0; i < count; ++i) text += "  - " + std::to_string(i) + "\n";
    return text;
  };
  EXPECT_THAT(parse_condition(codes(1000)).problems, IsEmpty());
  EXPECT_THAT(parse_condition(codes(1001)).problems,
              ElementsAre("f:3:3: 1001 exit codes, and the limit is 1000"));
}

TEST(ExceptionCondition, IsMetByTheCodesThatItNamesAndByNothingElse) {
  yaml::Problems problems("f");
  Condition condition;
  const auto root = yaml::parse("exception: { codes: [ACCESS_VIOLATION, 0xe06d7363] }", problems);
  read_condition(*root, condition, problems);
  ASSERT_TRUE(problems.empty());
  EXPECT_TRUE(condition.fits(EventKind::Exception, 0xe06d'7363));
  EXPECT_FALSE(condition.fits(EventKind::Exception, 0xe043'4352));
  EXPECT_FALSE(condition.fits(EventKind::Crash, 0xe06d'7363));
  EXPECT_FALSE(condition.fits(EventKind::Exit, 0xe06d'7363));
  EXPECT_EQ(describe(condition), "exception ACCESS_VIOLATION or MSVC_CXX_EXCEPTION");
  // Nor is one that is handled a crash or an exit.
  for (const auto kind : {Condition::Kind::Crash, Condition::Kind::Exit})
    EXPECT_FALSE(Condition{.kind = kind}.fits(EventKind::Exception, 0xc000'0005));
}

TEST(ExceptionCondition, NeedsItsCodesAndSomebodyAttached) {
  const auto problem = [](const std::string& when, const std::string& capture) {
    const auto parsed = parse_rules(
        "schema: 1\nrules:\n  - name: a\n    match: { process: x }\n"
        "    when: " +
            when + "\n    capture: { " + capture + " }\n",
        "f");
    return parsed.problems.empty() ? std::string() : parsed.problems.front().format();
  };
  EXPECT_EQ(problem("{ exception: { codes: [1] } }", "attach: true"), "");
  EXPECT_EQ(problem("{ exception: { codes: [1] } }", "dump: mini"),
            "f:3:11: rule 'a' asks for exceptions, which only 'attach: true' sees");
  EXPECT_EQ(
      problem("{ exception: { } }", "attach: true"),
      "f:5:24: an exception needs its codes or its text, such as { codes: [ACCESS_VIOLATION] }");
}

}  // namespace
}  // namespace vigil::rules
