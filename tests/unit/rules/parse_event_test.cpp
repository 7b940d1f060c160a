// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/rules.h"

namespace vigil::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

LoadResult parse(const std::string& when, const std::string& capture = "attach: true") {
  return parse_rules("schema: 1\nrules:\n  - name: a\n    match: { process: x }\n    when: " +
                         when + "\n    capture: { " + capture + " }\n",
                     "f");
}

Condition condition_of(const std::string& when) {
  const auto parsed = parse(when);
  for (const auto& problem : parsed.problems) ADD_FAILURE() << problem.format();
  return parsed.rules.rules.empty() ? Condition{} : parsed.rules.rules.front().when;
}

std::vector<std::string> problems_of(const std::string& when,
                                     const std::string& capture = "attach: true") {
  std::vector<std::string> result;
  for (const auto& problem : parse(when, capture).problems) result.push_back(problem.format());
  return result;
}

TEST(ReadException, ByTextFitsWhatSaysIt) {
  const auto any = condition_of("{ exception: { text: '*timeout*' } }");
  EXPECT_TRUE(any.fits(EventKind::Exception, 0xe06d'7363, {}, "orders::Timeout_error"));
  EXPECT_FALSE(any.fits(EventKind::Exception, 0xe06d'7363, {}, "orders::error"));
  EXPECT_FALSE(any.fits(EventKind::Exception, 0xe06d'7363));
  EXPECT_FALSE(any.fits(EventKind::Module, 0, {}, "timeout.dll"));
  EXPECT_FALSE(any.fits(EventKind::Crash, 0xe06d'7363, {}, "a timeout"));
  const auto both = condition_of("{ exception: { codes: 0x40010006, text: [a*, b*] } }");
  EXPECT_TRUE(both.fits(EventKind::Exception, 0x4001'0006, {}, "bank"));
  EXPECT_FALSE(both.fits(EventKind::Exception, 0x4001'000a, {}, "bank"));
  EXPECT_EQ(describe(both), "exception 0x40010006 that says a* or b*");
  EXPECT_EQ(describe(any), "exception that says *timeout*");
}

TEST(ReadModule, FitsTheNameOrWithASlashThePath) {
  const auto name = condition_of("{ module: { loaded: 'evil*.dll' } }");
  EXPECT_TRUE(name.fits(EventKind::Module, 0, {}, "C:\\x\\Evil64.dll"));
  EXPECT_FALSE(name.fits(EventKind::Module, 0, {}, "C:\\evil\\good.dll"));
  EXPECT_FALSE(name.fits(EventKind::Exception, 0, {}, "evil.dll"));
  EXPECT_FALSE(name.fits(EventKind::Exit, 3));
  const auto path = condition_of("{ module: { loaded: ['C:/temp/*', other.dll] } }");
  EXPECT_TRUE(path.fits(EventKind::Module, 0, {}, "c:\\Temp\\a.dll"));
  EXPECT_FALSE(path.fits(EventKind::Module, 0, {}, "D:\\temp\\a.dll"));
  EXPECT_EQ(describe(path), "module C:/temp/* or other.dll is loaded");
}

TEST(ReadModule, IsAnEventThatNeedsAttach) {
  EXPECT_THAT(problems_of("{ module: { loaded: x } }", "dump: mini"),
              ElementsAre("f:3:11: rule 'a' asks for modules, which only 'attach: true' sees"));
  EXPECT_TRUE(condition_of("{ module: { loaded: x } }").wants_events());
}

TEST(ReadThread, FitsTheCodeThatItEndsWith) {
  const auto ended = condition_of("{ thread: { ended: [3, -1, ACCESS_VIOLATION] } }");
  for (const auto code : {3u, 0xffff'ffffu, 0xc000'0005u})
    EXPECT_TRUE(ended.fits(EventKind::ThreadEnd, code)) << code;
  EXPECT_FALSE(ended.fits(EventKind::ThreadEnd, 0));
  EXPECT_FALSE(ended.fits(EventKind::Exit, 3));
  EXPECT_FALSE(ended.fits(EventKind::Crash, 0xc000'0005));
  EXPECT_FALSE(ended.fits(EventKind::ThreadStart, 3, {}, "a.dll"));
  EXPECT_TRUE(condition_of("{ thread: { ended: 0 } }").fits(EventKind::ThreadEnd, 0));
  EXPECT_EQ(describe(ended), "a thread ends with 3 or -1 (0xffffffff) or ACCESS_VIOLATION");
}

TEST(ReadThread, FitsTheModuleThatItStartsIn) {
  const auto started = condition_of("{ thread: { started_in: [inject*.dll, 'C:/temp/*'] } }");
  EXPECT_TRUE(started.fits(EventKind::ThreadStart, 0, {}, "C:\\x\\Inject64.dll"));
  EXPECT_TRUE(started.fits(EventKind::ThreadStart, 0, {}, "c:\\Temp\\a.dll"));
  EXPECT_FALSE(started.fits(EventKind::ThreadStart, 0, {}, "C:\\inject\\good.dll"));
  EXPECT_FALSE(started.fits(EventKind::Module, 0, {}, "inject.dll"));
  EXPECT_FALSE(started.fits(EventKind::ThreadEnd, 0, {}, "inject.dll"));
  EXPECT_EQ(describe(started), "a thread starts in inject*.dll or C:/temp/*");
}

TEST(ReadThread, IsAnEventThatNeedsAttach) {
  for (const char* when : {"{ thread: { ended: 3 } }", "{ thread: { started_in: x } }"}) {
    EXPECT_THAT(problems_of(when, "dump: mini"),
                ElementsAre("f:3:11: rule 'a' asks for starts and ends of threads, which only "
                            "'attach: true' sees"));
    EXPECT_TRUE(condition_of(when).wants_events());
  }
}

TEST(ReadThread, WantsOneOfTheTwo) {
  EXPECT_THAT(problems_of("{ thread: {} }"),
              ElementsAre("f:5:21: a thread needs the code that it ends with or the module that it "
                          "starts in, such as { ended: [3, ACCESS_VIOLATION] } or { started_in: "
                          "\"inject*.dll\" }"));
  EXPECT_THAT(
      problems_of("{ thread: { ended: 3, started_in: x } }"),
      ElementsAre(HasSubstr("'ended' or 'started_in', not both; for either write any: [{ thread")));
  EXPECT_THAT(problems_of("{ any: [{ thread: { ended: 3 } }, { thread: { started_in: x } }] }"),
              ElementsAre());
  EXPECT_THAT(
      problems_of("thread"),
      ElementsAre(HasSubstr("'thread' needs to be told more, such as { thread: { ended: ")));
  EXPECT_THAT(problems_of("{ thread: { ended: [] } }"),
              ElementsAre("f:5:30: an empty list of exit codes"));
  EXPECT_THAT(problems_of("{ thread: { ended: soon } }"),
              ElementsAre(HasSubstr("'soon' is not an exit code")));
  EXPECT_THAT(problems_of("{ thread: { endet: 3 } }"),
              testing::Contains(HasSubstr("unknown key 'endet'; did you mean 'ended'?")));
  std::string codes = "0";
  for (int i = 1; i <= 100; ++i) codes += ", " + std::to_string(i);
  EXPECT_THAT(problems_of("{ thread: { ended: [" + codes + "] } }"),
              ElementsAre("f:5:30: 101 codes that threads end with, and the limit is 100"));
}

TEST(ReadModule, RefusesWhatSaysTooLittleOrTooMuch) {
  EXPECT_THAT(problems_of("{ module: {} }"),
              ElementsAre("f:5:21: a module needs its name, such as { loaded: \"evil*.dll\" }"));
  EXPECT_THAT(problems_of("{ module: { loaded: [] } }"),
              ElementsAre("f:5:31: an empty list of patterns"));
  EXPECT_THAT(problems_of("module"), ElementsAre(HasSubstr("'module' needs to be told more")));
  std::string many = "a0";
  for (int i = 1; i <= 10; ++i) many += ", a" + std::to_string(i);
  EXPECT_THAT(problems_of("{ module: { loaded: [" + many + "] } }"),
              ElementsAre("f:5:31: 11 patterns, and the limit is 10"));
  std::string codes = "0";
  for (int i = 1; i <= 20; ++i) codes += ", " + std::to_string(i);
  EXPECT_THAT(problems_of("{ exception: { codes: [" + codes + "], text: x } }"),
              ElementsAre(HasSubstr("21 codes of exceptions, and the limit is 20")));
}

}  // namespace
}  // namespace vigil::rules
