// SPDX-License-Identifier: Apache-2.0
#include "base/exception_codes.h"

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/utf.h"

namespace vigil {
namespace {

TEST(ExceptionCodes, AreInOrderWithoutDoubles) {
  const auto codes = exception_codes();
  EXPECT_FALSE(codes.empty());
  const auto out_of_order = std::adjacent_find(
      codes.begin(), codes.end(), [](const auto& a, const auto& b) { return a.code >= b.code; });
  EXPECT_EQ(out_of_order, codes.end());
}

TEST(ExceptionCodes, HaveOneNameAndMeaningEach) {
  std::set<std::string> names;
  for (const auto& info : exception_codes()) {
    EXPECT_TRUE(names.insert(ascii_lower(info.name)).second) << info.name;
    EXPECT_EQ(info.name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"),
              std::string_view::npos)
        << info.name;
    EXPECT_FALSE(info.meaning.empty()) << info.name;
    EXPECT_FALSE(info.meaning.ends_with('.')) << info.name;
  }
}

TEST(ExceptionCodes, AreFoundByCodeAndByName) {
  for (const auto& info : exception_codes()) {
    EXPECT_EQ(find_exception_code(info.code), &info);
    EXPECT_EQ(exception_name(info.code), info.name);
    EXPECT_EQ(exception_code_from_name(info.name), info.code);
    EXPECT_EQ(exception_code_from_name(ascii_lower(info.name)), info.code);
    EXPECT_EQ(is_crash_exit_code(info.code), info.crash);
  }
}

TEST(ExceptionCodes, NamesAnUnknownCodeByItsNumber) {
  EXPECT_EQ(find_exception_code(0xe000'1234), nullptr);
  EXPECT_EQ(exception_name(0xe000'1234), "0xe0001234");
  EXPECT_EQ(exception_name(7), "0x00000007");
  EXPECT_EQ(exception_code_from_name("ACCESS"), std::nullopt);
  EXPECT_EQ(exception_code_from_name(""), std::nullopt);
}

TEST(CrashExitCode, IsAnErrorBySeverity) {
  for (const std::uint32_t code : {0xc000'0001u, 0xcfff'fffeu, 0xe000'0000u, 0xefff'ffffu}) {
    EXPECT_TRUE(is_crash_exit_code(code)) << exception_name(code);
  }
}

TEST(ExitCodeInWords, ReadsStatusCodesInHex) {
  EXPECT_EQ(exit_code_in_words(3), "3");
  EXPECT_EQ(exit_code_in_words(0xc0000005), "0xc0000005 (ACCESS_VIOLATION)");
  EXPECT_EQ(exit_code_in_words(0xc0ffee00), "0xc0ffee00");
}

TEST(CrashExitCode, IsNoSmallNegativeNumber) {
  for (const std::uint32_t code : {0xffff'ffffu, 0xffff'fffeu, 0xffff'ff00u, 0xf000'0000u}) {
    EXPECT_FALSE(is_crash_exit_code(code)) << exception_name(code);
  }
}

TEST(CrashExitCode, IsNoPlainNumberWarningOrInformation) {
  for (const std::uint32_t code :
       {0u, 1u, 3u, 255u, 1067u, 0x4000'0000u, 0x8000'0005u, 0xbfff'ffffu, 0xd000'0000u}) {
    EXPECT_FALSE(is_crash_exit_code(code)) << exception_name(code);
  }
}

TEST(CrashExitCode, FollowsTheTableBeforeTheSeverity) {
  EXPECT_TRUE(is_crash_exit_code(0x8000'0003));   // a breakpoint nobody handled
  EXPECT_TRUE(is_crash_exit_code(0x4000'0015));   // FATAL_APP_EXIT
  EXPECT_TRUE(is_crash_exit_code(0xcfff'ffff));   // ended because it hung
  EXPECT_FALSE(is_crash_exit_code(0xc000'013a));  // Ctrl+C
  EXPECT_FALSE(is_crash_exit_code(0xc000'004b));
  EXPECT_FALSE(is_crash_exit_code(0xc000'0120));
  EXPECT_FALSE(is_crash_exit_code(0x4001'0004));  // a debugger or a logoff
}

}  // namespace
}  // namespace vigil
