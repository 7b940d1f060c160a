// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/rules.h"

namespace vigil::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Timestamp kNow{1'795'230'245'678'000};  // 2026-11-21

std::vector<std::string> doubts_of(const std::string& rest,
                                   const std::string& match = "process: x.exe") {
  const auto loaded = parse_rules(
      "schema: 1\nrules:\n  - name: a\n    match: { " + match + " }\n    when: " + rest + "\n",
      "x.yaml");
  for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.format();
  std::vector<std::string> texts;
  for (const auto& doubt : doubts(loaded.rules, kNow)) texts.push_back(doubt.format());
  return texts;
}

TEST(Doubts, AreToldWithThePlaceOfTheRule) {
  EXPECT_THAT(doubts_of("{ all: [crash, exit] }"),
              ElementsAre("x.yaml:3:11: rule 'a' never acts: crash and exit with any code but 0 "
                          "and those of a crash are never the case at once"));
}

TEST(Doubts, AreOfEventsThatNoEndIsBothOf) {
  for (const char* when :
       {"{ all: [crash, { exit: { codes: [0] } }] }", "{ all: [exit, { exit: { codes: [0] } }] }",
        "{ all: [{ exit: { codes: [3] } }, { exit: { codes: [4, 5] } }] }",
        "{ all: [exit, { exit: { codes: [0xc0000005] } }] }",
        "{ all: [{ any: [crash, crash] }, exit] }", "{ all: [{ all: [crash] }, exit] }",
        "{ any: [{ all: [crash, exit] }, { all: [exit, crash] }] }"})
    EXPECT_THAT(doubts_of(when), ElementsAre(HasSubstr("never acts"))) << when;
  for (const char* when :
       {"{ all: [crash, { module: { loaded: a.dll } }] }",
        "{ all: [crash, { thread: { ended: 0xc0000005 } }] }",
        "{ all: [{ exit: { codes: [3] } }, { thread: { ended: 3 } }] }",
        "{ all: [{ thread: { ended: 3 } }, { thread: { ended: [4, 5] } }] }",
        "{ all: [{ thread: { ended: 3 } }, { thread: { started_in: a.dll } }] }",
        "{ all: [{ module: { loaded: a.dll } }, { thread: { started_in: a.dll } }] }",
        "{ all: [{ exception: { codes: [1] } }, { exception: { codes: [2] } }] }",
        "{ all: [exit, { exception: { codes: [1] } }] }"})
    EXPECT_THAT(doubts_of(std::string(when) + "\n    capture: { attach: true }"),
                ElementsAre(HasSubstr("never acts")))
        << when;
}

TEST(Doubts, AreOfAPathAsTheNameOfAProcess) {
  EXPECT_THAT(doubts_of("crash", R"(process: 'C:\Orders\x.exe')"),
              ElementsAre(HasSubstr("'process' is the name of a file, and has no slash")));
  EXPECT_THAT(doubts_of("crash", R"(process: ['C:\Orders\x.exe', y.exe])"), IsEmpty());
  EXPECT_THAT(doubts_of("crash", R"(path: 'C:\Orders\x.exe')"), IsEmpty());
}

TEST(Doubts, AreNotOfEventsThatAnEndMayBeBothOf) {
  for (const char* when :
       {"{ all: [crash, { exit: { codes: [0xc0000005] } }] }",
        "{ all: [crash, { exit: { codes: [3] } }] }", "{ all: [exit, { exit: { codes: [3] } }] }",
        "{ all: [{ any: [crash, { handles: { above: 1 } }] }, exit] }",
        "{ all: [crash, { cpu: { above: 50% } }] }", "{ any: [crash, exit] }"})
    EXPECT_THAT(doubts_of(when), IsEmpty()) << when;
  for (const char* when :
       {"{ all: [{ module: { loaded: a.dll } }, { module: { loaded: 'a*' } }] }",
        "{ all: [{ thread: { ended: [3, 4] } }, { thread: { ended: [4, 5] } }] }",
        "{ all: [{ thread: { started_in: a.dll } }, { thread: { started_in: 'a*' } }] }",
        "{ all: [{ thread: { ended: 3 } }, { memory: { above: 4GiB } }] }",
        "{ all: [{ exception: { text: '*a*' } }, { exception: { text: '*b*' } }] }"})
    EXPECT_THAT(doubts_of(std::string(when) + "\n    capture: { attach: true }"), IsEmpty())
        << when;
}

TEST(Doubts, AreOfBoundsThatExcludeEachOther) {
  for (const char* when : {"{ all: [{ cpu: { above: 50% } }, { cpu: { below: 30% } }] }",
                           "{ all: [{ cpu: { below: 50% } }, { cpu: { above: 50% } }] }",
                           "{ all: [{ cpu: { above: 50% } }, { cpu: { below: 40%, of: core } }] }",
                           "{ all: [{ handles: { above: 10 } }, { handles: { below: 11 } }] }",
                           "{ all: [crash, { threads: { above: 9 } }, { threads: { below: 3 } }] }",
                           "{ cpu: { above: 100% } }", "{ cpu: { below: 0% } }"})
    EXPECT_THAT(doubts_of(when), ElementsAre(HasSubstr("never acts"))) << when;
  for (const char* when : {"{ all: [{ cpu: { above: 30% } }, { cpu: { below: 50% } }] }",
                           "{ all: [{ handles: { above: 10 } }, { handles: { below: 12 } }] }",
                           "{ all: [{ cpu: { above: 50%, of: core } }, { cpu: { below: 30% } }] }",
                           "{ all: [{ handles: { above: 10 } }, { threads: { below: 5 } }] }",
                           "{ cpu: { above: 99% } }", "{ cpu: { above: 100%, of: core } }"})
    EXPECT_THAT(doubts_of(when), IsEmpty()) << when;
}

TEST(Doubts, AreOfTextsThatNoExceptionOfTheseCodesHas) {
  const auto of = [](const std::string& exception) {
    return doubts_of("{ exception: " + exception + " }\n    capture: { attach: true }");
  };
  EXPECT_THAT(of("{ codes: [0xe0434352], text: '*Timeout*' }"),
              ElementsAre(HasSubstr("no exception says anything")));
  EXPECT_THAT(of("{ codes: [0xe0434352, 0xe06d7363], text: '*Timeout*' }"), IsEmpty());
  EXPECT_THAT(of("{ codes: [0xe0434352], text: '*' }"), IsEmpty());
  EXPECT_THAT(of("{ text: '*Timeout*' }"), IsEmpty());
}

TEST(Doubts, AreOfAPartOfAnyToo) {
  EXPECT_THAT(doubts_of("{ any: [crash, { cpu: { above: 100% } }] }"),
              ElementsAre(HasSubstr("rule 'a': a part of it is never met: CPU above 100%")));
}

TEST(Doubts, AreOfADayThatIsOver) {
  EXPECT_THAT(doubts_of("crash\n    expires: 2026-11-21"),
              ElementsAre(HasSubstr("rule 'a' has expired: it is not asked since 2026-11-21")));
  EXPECT_THAT(doubts_of("crash\n    expires: 2026-11-22"), IsEmpty());
}

TEST(Doubts, AreOfAMatchThatRefusesAllThatItWants) {
  EXPECT_THAT(doubts_of("crash", "process: { any: [a.exe, b.exe], not: ['*.EXE'] }"),
              ElementsAre(HasSubstr("rule 'a' never acts: 'process' refuses all that it wants")));
  EXPECT_THAT(doubts_of("crash", "process: { any: [a.exe, b.exe], not: a.exe }"), IsEmpty());
  EXPECT_THAT(doubts_of("crash", "process: { any: '*', not: '?' }"), IsEmpty());
}

TEST(Doubts, AreNotOfTheSamples) {
  const auto folder = std::filesystem::path(VIGIL_SOURCE_DIR) / "config" / "rules.d";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto loaded = load_rules(entry.path());
    EXPECT_THAT(doubts(loaded.rules, kNow), IsEmpty()) << entry.path();
  }
}

}  // namespace
}  // namespace vigil::rules
