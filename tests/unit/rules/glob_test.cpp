// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "rules/rules.h"

namespace vigil::rules {
namespace {

TEST(Glob, FitsTheWholeText) {
  EXPECT_TRUE(glob_matches("orders.exe", "orders.exe"));
  EXPECT_FALSE(glob_matches("orders", "orders.exe"));
  EXPECT_FALSE(glob_matches("orders.exe", "orders"));
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_FALSE(glob_matches("", "a"));
}

TEST(Glob, StarIsAnyNumberOfCharacters) {
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("*", "anything"));
  EXPECT_TRUE(glob_matches("Orders*.exe", "Orders.exe"));
  EXPECT_TRUE(glob_matches("Orders*.exe", "OrdersApi.exe"));
  EXPECT_FALSE(glob_matches("Orders*.exe", "OrdersApi.dll"));
  EXPECT_TRUE(glob_matches("*a*b*", "xxaxxbxx"));
  EXPECT_FALSE(glob_matches("*a*b*", "xxbxxaxx"));
  EXPECT_TRUE(glob_matches("a**b", "ab"));
  EXPECT_TRUE(glob_matches("*.exe", ".exe.exe"));
  EXPECT_TRUE(glob_matches("*aab", "aaab"));
}

TEST(Glob, QuestionMarkIsOneCharacter) {
  EXPECT_TRUE(glob_matches("w?.exe", "w3.exe"));
  EXPECT_FALSE(glob_matches("w?.exe", "w.exe"));
  EXPECT_FALSE(glob_matches("?", ""));
  EXPECT_TRUE(glob_matches("*?", "a"));
  EXPECT_FALSE(glob_matches("*??", "a"));
}

TEST(Glob, CountsCharactersAndNotBytes) {
  EXPECT_TRUE(glob_matches("gr??e", "größe"));
  EXPECT_FALSE(glob_matches("gr???e", "größe"));
  EXPECT_TRUE(glob_matches("*ß?", "größe"));
  EXPECT_FALSE(glob_matches("*??", "ß"));
  EXPECT_FALSE(glob_matches("*??", "\xe2\x82\xac"));
}

TEST(Glob, IgnoresTheCaseOfAsciiLettersOnly) {
  EXPECT_TRUE(glob_matches("ORDERS.exe", "orders.EXE"));
  EXPECT_FALSE(glob_matches("Ö.exe", "ö.exe"));
  EXPECT_FALSE(glob_matches("[", "{"));
}

TEST(Glob, TakesEverythingElseAsItIs) {
  EXPECT_TRUE(glob_matches("[a-z].{1,2}\\", "[a-z].{1,2}\\"));
  EXPECT_FALSE(glob_matches("[a-z]", "b"));
  EXPECT_FALSE(glob_matches("a/b", "a\\b"));
}

TEST(Glob, StaysFastOnThePatternThatIsSlowElsewhere) {
  std::string pattern;
  for (int i = 0; i < 300; ++i) pattern += "*a";
  pattern += "*b";
  const std::string text(32'000, 'a');
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(glob_matches(pattern, text));
  EXPECT_TRUE(glob_matches(pattern, text + "b"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace vigil::rules
