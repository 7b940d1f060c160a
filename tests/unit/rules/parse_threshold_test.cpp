// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/grammar.h"

namespace vigil::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Parsed {
  Condition condition;
  std::vector<std::string> problems;
};

Parsed parse(std::string_view text) {
  yaml::Problems problems("f");
  Parsed parsed;
  const auto root = yaml::parse(text, problems);
  read_condition(*root, parsed.condition, problems);
  for (const auto& problem : std::move(problems).take())
    parsed.problems.push_back(problem.format());
  return parsed;
}

std::string described(std::string_view text) {
  const auto [condition, problems] = parse(text);
  if (!problems.empty()) return problems.front();
  return condition.kind == Condition::Kind::Threshold ? describe(condition.threshold)
                                                      : "no threshold";
}

TEST(ReadThreshold, OfCpuIsOfTheMachineUnlessItSaysOtherwise) {
  EXPECT_EQ(described("cpu: { above: 85%, for: 30s }"), "CPU above 85% of the machine for 30s");
  EXPECT_EQ(described("cpu: { above: 85% }"), "CPU above 85% of the machine for 10s");
  EXPECT_EQ(described("cpu: { above: 250%, of: core, for: 1m }"),
            "CPU above 250% of a core for 1m");
  EXPECT_EQ(described("cpu: { below: 1%, of: machine, for: 1h }"),
            "CPU below 1% of the machine for 1h");
}

TEST(ReadThreshold, OfMemoryIsOfPrivateBytesUnlessItSaysOtherwise) {
  EXPECT_EQ(described("memory: { above: 4GiB, for: 1m }"), "private memory above 4GiB for 1m");
  EXPECT_EQ(described("memory: { below: 1MiB, of: working_set }"),
            "working set below 1MiB for 10s");
  EXPECT_EQ(described("memory: { growth: 500MiB, within: 1h }"),
            "private memory grown by 500MiB within 1h");
}

TEST(ReadThreshold, CountsHandlesAndThreads) {
  EXPECT_EQ(described("handles: { above: 10000, for: 5m }"), "handles above 10000 for 5m");
  EXPECT_EQ(described("handles: { growth: 1000, within: 10m }"),
            "handles grown by 1000 within 10m");
  EXPECT_EQ(described("threads: { above: 500 }"), "threads above 500 for 10s");
}

TEST(ReadThreshold, HasOneBound) {
  EXPECT_THAT(parse("cpu: { for: 30s }").problems,
              ElementsAre("f:1:6: 'cpu' takes one of above and below, and has none"));
  EXPECT_THAT(parse("memory: { above: 1GiB, growth: 1MiB }").problems,
              ElementsAre("f:1:9: 'memory' takes one of above, below and growth, and has 2"));
  EXPECT_THAT(
      parse("cpu: 85%").problems,
      ElementsAre("f:1:6: expected a map of above, below, of and for, found the text '85%'"));
}

TEST(ReadThreshold, HasTheTimeOfItsBound) {
  EXPECT_THAT(
      parse("memory: { growth: 1MiB }").problems,
      ElementsAre("f:1:9: 'growth' needs 'within', such as { growth: 500MiB, within: 1h }"));
  EXPECT_THAT(parse("memory: { growth: 1MiB, within: 1m, for: 1m }").problems,
              ElementsAre("f:1:42: 'for' goes with above and below; growth has 'within'"));
  EXPECT_THAT(parse("memory: { above: 1MiB, within: 1m }").problems,
              ElementsAre("f:1:32: 'within' goes with growth; above and below have 'for'"));
  EXPECT_EQ(described("memory: { growth: 1MiB, within: 1s }"),
            "f:1:33: '1s' is out of range: from 10s to 7d");
}

TEST(ReadThreshold, RefusesWhatCannotBe) {
  EXPECT_EQ(described("cpu: { above: 101% }"), "f:1:15: '101%' is out of range: from 0% to 100%");
  EXPECT_EQ(described("cpu: { above: 85 }"),
            "f:1:15: '85' has no unit; a share is a whole number with %, such as 85%");
  EXPECT_EQ(described("memory: { above: 10 }"),
            "f:1:18: '10' has no unit; a size is a whole number with one of B, KiB, MiB and GiB, "
            "such as 10MiB");
  EXPECT_EQ(described("handles: { above: 10KiB }"),
            "f:1:19: expected a whole number, found '10KiB'");
  EXPECT_EQ(described("handles: { above: 0 }"),
            "f:1:19: '0' is out of range: from 1 to 1000000000");
  EXPECT_EQ(described("cpu: { abov: 85% }"), "f:1:8: unknown key 'abov'; did you mean 'above'?");
  EXPECT_EQ(described("cpu: { growth: 85% }"),
            "f:1:8: unknown key 'growth'; known here: above, below, of and for");
  EXPECT_EQ(described("cpu: { above: 85%, of: cores }"),
            "f:1:24: unknown 'of' 'cores'; did you mean 'core'?");
  EXPECT_EQ(described("cpu"),
            "f:1:1: 'cpu' needs to be told more, such as { cpu: { above: 85%, for: 30s } }");
}

TEST(ReadThreshold, TakesAPerformanceCounterByItsPath) {
  EXPECT_EQ(described(R"(counter: { path: '\System\Processor Queue Length', above: 20 })"),
            R"(\System\Processor Queue Length above 20 for 10s)");
  EXPECT_EQ(described(R"(counter: { path: \Memory\% Used, below: 0.25, for: 1m })"),
            R"(\Memory\% Used below 0.25 for 1m)");
  EXPECT_EQ(described(R"(counter: { path: '\Memory({process})\% GC', growth: 1.5, within: 1m })"),
            R"(\Memory({process})\% GC grown by 1.5 within 1m)");
  for (const auto* path :
       {R"(\Database(Information Store)\I/O Reads (Recovery) Latency)", R"(\Thread(a/1#2)\Id)",
        R"(\Switch({4D36E972-E325-11CE-BFC1-08002BE10318})\Bytes/sec)",
        R"(\PhysicalDisk(0 C:)\% Idle)"}) {
    EXPECT_THAT(parse("counter: { path: '" + std::string(path) + "', above: 1 }").problems,
                IsEmpty())
        << path;
  }
}

TEST(ReadThreshold, RefusesPathsThatAreNoCounter) {
  const auto why = [](const std::string& path) {
    const auto problem = described("counter: { path: '" + path + "', above: 1 }");
    const auto begin = problem.find(" is no counter: ");
    const auto end = problem.rfind(", such as");
    return begin == std::string::npos ? problem : problem.substr(begin + 16, end - begin - 16);
  };
  EXPECT_EQ(described(R"(counter: { path: 'System', above: 1 })"),
            R"(f:1:18: 'System' is no counter: it does not begin with '\', such as )"
            R"('\System\Processor Queue Length')");
  EXPECT_EQ(why(R"(\\server\System\Threads)"),
            R"(it names a computer, and counters of this one only are read; begin with one '\')");
  EXPECT_EQ(why(R"(\System)"), "it has no counter behind its object");
  EXPECT_EQ(why(R"(\System\)"), "it has no counter behind its object");
  EXPECT_EQ(why(R"(\(a)\b)"), "it has no object");
  EXPECT_EQ(why(R"(\Disk(0 C:\Idle)"), R"(what '(' begins does not end with ')\')");
  EXPECT_EQ(why(R"(\Disk()\Idle)"), "the instance between '(' and ')' is empty");
  EXPECT_EQ(why(R"(\Process(*)\Threads)"),
            "one counter is read, not several; {process} stands for the instance of the process");
  EXPECT_EQ(why(R"(\Process({proces})\Threads)"),
            "of what may stand between braces only {process} is known");
  EXPECT_EQ(why(R"(\Process\Threads\Count)"), "it has more than an object and a counter");
  EXPECT_EQ(why(R"(\System\*)"), "one counter is read, not several");
  EXPECT_EQ(described("counter: { above: 1 }"),
            R"(f:1:10: 'counter' needs its path, such as '\System\Processor Queue Length')");
  EXPECT_EQ(described(R"(counter: { path: '\System\Threads', above: -1 })"),
            "f:1:44: expected a number such as 12 or 0.25, found '-1'");
  EXPECT_EQ(described("counter"),
            "f:1:1: 'counter' needs to be told more, such as { counter: { path: "
            R"('\System\Processor Queue Length', above: 20 } })");
}

TEST(ReadCondition, CombinesConditions) {
  const auto [condition, problems] =
      parse("any:\n  - crash\n  - all: [{ exit: { codes: 3 } }, { memory: { above: 1GiB } }]\n");
  EXPECT_THAT(problems, IsEmpty());
  ASSERT_EQ(condition.kind, Condition::Kind::Any);
  ASSERT_EQ(condition.parts.size(), 2u);
  EXPECT_EQ(condition.parts[0].kind, Condition::Kind::Crash);
  ASSERT_EQ(condition.parts[1].kind, Condition::Kind::All);
  EXPECT_THAT(condition.parts[1].parts[0].exit_codes, ElementsAre(3u));
  EXPECT_EQ(condition.parts[1].parts[1].threshold.value, std::uint64_t{1} << 30);
  EXPECT_TRUE(condition.wants_events());
  EXPECT_TRUE(condition.wants_watching());
}

TEST(ReadCondition, RefusesCombinationsOfNothing) {
  EXPECT_THAT(parse("any: []").problems,
              ElementsAre("f:1:6: 'any' takes a list of conditions, found an empty list"));
  EXPECT_THAT(parse("all: crash").problems,
              ElementsAre("f:1:6: 'all' takes a list of conditions, found the text 'crash'"));
  EXPECT_THAT(parse("any: [crsh]").problems,
              ElementsAre("f:1:7: unknown condition 'crsh'; did you mean 'crash'?"));
}

TEST(ReadCondition, LimitsHowManyThereAre) {
  const auto list = [](int count) {
    std::string text = "any:\n";
    for (int i = 0; i < count; ++i) text += "  - crash\n";
    return text;
  };
  EXPECT_THAT(parse(list(31)).problems, IsEmpty());
  EXPECT_THAT(parse(list(32)).problems, ElementsAre("f:33:5: more than 32 conditions in a rule"));
}

}  // namespace
}  // namespace vigil::rules
