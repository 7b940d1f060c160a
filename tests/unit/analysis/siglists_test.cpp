// SPDX-License-Identifier: Apache-2.0
#include "analysis/siglists.h"

#include <gtest/gtest.h>

namespace vigil::analysis {
namespace {

TEST(Siglists, FindAPatternByModuleOrFunction) {
  EXPECT_EQ(find_pattern(SigList::Irrelevant, "ntdll.dll", "RtlFreeHeap"), "ntdll.dll!*");
  EXPECT_EQ(find_pattern(SigList::Irrelevant, "ntdll.dll", ""), "ntdll.dll!*");
  EXPECT_EQ(find_pattern(SigList::Irrelevant, "a.exe", "memcpy"), "*!memcpy");
  EXPECT_EQ(find_pattern(SigList::Irrelevant, "a.exe", "operator new[]"), "*!operator new[]");
  EXPECT_EQ(find_pattern(SigList::Irrelevant, "a.exe", "std::panicking::begin"),
            "*!std::panicking::*");
  EXPECT_EQ(find_pattern(SigList::Irrelevant, "a.exe", "main"), "");
  EXPECT_EQ(find_pattern(SigList::Irrelevant, "", ""), "");
  EXPECT_EQ(find_pattern(SigList::Prefix, "a.exe", "std::vector<T>::at"), "*!std::*");
  EXPECT_EQ(find_pattern(SigList::Prefix, "sqlite3.dll", ""), "sqlite3.dll!*");
  EXPECT_EQ(find_pattern(SigList::Sentinel, "a.exe", "_purecall"), "*!_purecall");
}

TEST(Siglists, KnowModulesOfTheSystemByTheirPatternsOfAllFunctions) {
  EXPECT_EQ(find_system_module("kernelbase.dll"), "kernelbase.dll!*");
  EXPECT_EQ(find_system_module("api-ms-win-core-synch-l1-2-0.dll"), "api-ms-win-*!*");
  EXPECT_EQ(find_system_module("orders.dll"), "");
}

TEST(Siglists, MatchAStarWithAnything) {
  EXPECT_TRUE(matches("a*c", "abbbc"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(matches("a*c", "abbbd"));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_TRUE(matches("", ""));
}

TEST(Siglists, HaveNoPatternWithoutBothHalves) {
  for (const auto text : trim_texts()) EXPECT_FALSE(text.empty());
  EXPECT_GE(trim_texts().size(), 20u);
}

}  // namespace
}  // namespace vigil::analysis
