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

LoadResult parse(const std::string& capture, const std::string& when = "crash") {
  return parse_rules("schema: 1\nrules:\n  - name: a\n    match: { process: x }\n    when: " +
                         when + "\n    capture: " + capture + "\n",
                     "f");
}

Rule rule_of(const std::string& capture) {
  const auto parsed = parse(capture);
  for (const auto& problem : parsed.problems) ADD_FAILURE() << problem.format();
  return parsed.rules.rules.empty() ? Rule{} : parsed.rules.rules.front();
}

std::vector<std::string> problems_of(const std::string& capture,
                                     const std::string& when = "crash") {
  std::vector<std::string> result;
  for (const auto& problem : parse(capture, when).problems) result.push_back(problem.format());
  return result;
}

TEST(ReadCapture, TakesEachKindInBothPlaces) {
  for (const auto* kind : {"none", "triage", "mini", "miniplus", "full"}) {
    const auto rule = rule_of("{ dump: " + std::string(kind) + ", new_signature: " + kind + " }");
    EXPECT_EQ(to_string(rule.dump), kind);
    EXPECT_EQ(rule.new_signature, rule.dump);
  }
}

TEST(ReadCapture, OrdersKindsBySize) {
  EXPECT_LT(DumpKind::None, DumpKind::Triage);
  EXPECT_LT(DumpKind::Triage, DumpKind::Mini);
  EXPECT_LT(DumpKind::Mini, DumpKind::MiniPlus);
  EXPECT_LT(DumpKind::MiniPlus, DumpKind::Full);
}

TEST(ReadCapture, TakesAMaskAsANumberANameOrAList) {
  EXPECT_EQ(rule_of("{ dump: custom, custom: 0x1826 }").manner.custom, 0x1826u);
  EXPECT_EQ(rule_of("{ dump: custom, custom: 6182 }").manner.custom, 6182u);
  EXPECT_EQ(rule_of("{ dump: custom, custom: WithFullMemory }").manner.custom, 2u);
  EXPECT_EQ(rule_of("{ dump: mini, new_signature: custom, "
                    "custom: [0x20, MiniDumpWithHandleData, WithThreadInfo] }")
                .manner.custom,
            0x1024u);
}

TEST(ReadCapture, RefusesMasksThatMeanNothing) {
  EXPECT_THAT(problems_of("{ dump: custom, custom: 0x80000002 }"),
              ElementsAre("f:6:38: '0x80000002': 0x80000000 is no bit of MINIDUMP_TYPE"));
  EXPECT_THAT(problems_of("{ dump: custom, custom: [0x2, WithFulMemory] }"),
              ElementsAre("f:6:44: 'WithFulMemory' is not a MINIDUMP_TYPE; did you mean "
                          "'WithFullMemory'?"));
  EXPECT_THAT(problems_of("{ dump: custom, custom: 0x1z }"),
              ElementsAre("f:6:38: '0x1z' is not a MINIDUMP_TYPE; write a number such as 0x1826"));
  EXPECT_THAT(problems_of("{ dump: custom, custom: [] }"),
              ElementsAre("f:6:38: an empty list of MINIDUMP_TYPE names"));
  EXPECT_THAT(problems_of("{ dump: custom, custom: { a: 1 } }"),
              ElementsAre(HasSubstr("expected a MINIDUMP_TYPE")));
  EXPECT_THAT(problems_of("{ dump: custom }"),
              ElementsAre("f:6:14: a custom dump needs 'custom', such as 0x1826 or "
                          "[WithHandleData, WithThreadInfo]"));
  EXPECT_THAT(problems_of("{ dump: mini, custom: 0x2 }"),
              ElementsAre("f:6:36: 'custom' goes with 'dump: custom' or 'new_signature: custom'"));
}

TEST(ReadCapture, RefusesWhatTheWriterCannotTake) {
  EXPECT_THAT(problems_of("{ dump: custom, custom: 0x440002 }"),
              ElementsAre("f:6:38: WithTokenInformation and WithIptTrace: the native writer cannot "
                          "take it; writer 'dbghelp' can"));
  EXPECT_EQ(rule_of("{ dump: custom, custom: 0x440002, writer: dbghelp }").manner.writer,
            Writer::Dbghelp);
}

TEST(ReadCapture, TakesWriterAndSuspend) {
  EXPECT_EQ(rule_of("{ dump: full }").manner, Manner{});
  EXPECT_EQ(rule_of("{ dump: full, suspend: 2s }").manner.suspend, Microseconds(2s));
  EXPECT_THAT(problems_of("{ dump: full, suspend: 2ms }"), ElementsAre(HasSubstr("f:6:37: ")));
  EXPECT_THAT(problems_of("{ dump: full, suspend: 11m }"), ElementsAre(HasSubstr("f:6:37: ")));
  EXPECT_THAT(problems_of("{ writer: dbghlp }"),
              ElementsAre("f:6:24: unknown writer 'dbghlp'; did you mean 'dbghelp'?"));
  EXPECT_THAT(problems_of("{ writer: dbghelp, suspend: 2s }"),
              ElementsAre("f:6:42: 'suspend' goes with the native writer: dbghelp cannot end a "
                          "dump early"));
}

TEST(ReadCapture, RefusesWhatIsNoCapture) {
  EXPECT_THAT(problems_of("full"), ElementsAre("f:6:14: expected a map of dump, new_signature, "
                                               "attach, custom, writer, suspend, samples and "
                                               "every, found the text 'full'"));
  EXPECT_THAT(problems_of("{ dump: Mini }"),
              ElementsAre("f:6:22: unknown dump kind 'Mini'; did you mean 'mini'?"));
  EXPECT_THAT(problems_of("{ attach: 1 }"),
              ElementsAre("f:6:24: expected true or false, found '1'"));
}

constexpr const char* kHot = "{ cpu: { above: 80%, for: 1s } }";

TEST(CaptureSamples, AreReadWithTheTimeBetweenThem) {
  const auto rule = [](const std::string& capture) {
    const auto parsed = parse(capture, kHot);
    EXPECT_TRUE(parsed.problems.empty());
    return parsed.rules.rules.at(0).samples;
  };
  EXPECT_EQ(rule("{ dump: mini }"), (Samples{1, 5s}));
  EXPECT_EQ(rule("{ samples: 3 }"), (Samples{3, 5s}));
  EXPECT_EQ(rule("{ samples: 2, every: 1s }"), (Samples{2, 1s}));
  EXPECT_EQ(rule("{ samples: 10, every: 10m }"), (Samples{10, 10min}));
}

TEST(CaptureSamples, AreRefusedBeyondTheirLimits) {
  for (const auto* capture : {"{ samples: 1 }", "{ samples: 11 }", "{ samples: -3 }",
                              "{ samples: 3, every: 999ms }", "{ samples: 3, every: 11m }"}) {
    EXPECT_EQ(problems_of(capture, kHot).size(), 1u) << capture;
  }
  EXPECT_THAT(problems_of("{ every: 5s }", kHot),
              ElementsAre("f:6:23: 'every' goes with 'samples'"));
}

TEST(CaptureSamples, AreRefusedOfAProcessThatIsNotThereAnyMore) {
  const std::string only =
      "f:3:11: rule 'a' takes samples and asks for events only: 'samples' goes "
      "with cpu, memory, handles, threads and hang";
  for (const auto* when : {"crash", "{ exit: { codes: 3 } }", "bugcheck", "{ any: [crash, exit] }"})
    EXPECT_THAT(problems_of("{ samples: 3 }", when), ElementsAre(only)) << when;
  EXPECT_THAT(problems_of("{ samples: 3, attach: true }", "{ exception: { codes: 0xc0000005 } }"),
              ElementsAre(only));
  EXPECT_THAT(problems_of("{ samples: 3 }", "{ all: [crash, { cpu: { above: 80%, for: 1s } }] }"),
              ElementsAre(HasSubstr("needs an event, after which no process is left")));
  EXPECT_THAT(problems_of("{ samples: 3 }", "{ any: [crash, { cpu: { above: 80%, for: 1s } }] }"),
              testing::IsEmpty());
}

TEST(CaptureSamples, ArePartOfTheDecision) {
  auto rule = parse("{ samples: 4, every: 2s }", kHot).rules.rules.at(0);
  EXPECT_EQ(decide(&rule, {}, {}).samples, (Samples{4, 2s}));
}

TEST(Manner, IsPartOfTheDecision) {
  auto rule = rule_of("{ dump: miniplus, suspend: 3s }");
  const auto decision = decide(&rule, {}, {});
  EXPECT_EQ(decision.reason, "rule a: miniplus dump");
  EXPECT_EQ(decision.manner.suspend, Microseconds(3s));
}

TEST(MinidumpType, OfEachKindIsWhatItHolds) {
  EXPECT_EQ(minidump_type_of(DumpKind::None, 7), 0u);
  EXPECT_EQ(minidump_type_of(DumpKind::Triage, 0), 0x10'19a8u);
  EXPECT_EQ(minidump_type_of(DumpKind::Mini, 0), 0x1964u);
  EXPECT_EQ(minidump_type_of(DumpKind::MiniPlus, 0), 0x1'1b65u);
  EXPECT_EQ(minidump_type_of(DumpKind::Custom, 0x1826), 0x1826u);
  EXPECT_EQ(minidump_type_of(DumpKind::Full, 0), 0x1826u);
}

}  // namespace
}  // namespace vigil::rules
