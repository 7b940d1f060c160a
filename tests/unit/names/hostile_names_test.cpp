// SPDX-License-Identifier: Apache-2.0
// Names that were made to cost time, memory or the stack.
#include <span>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "names/names.h"
#include "unit/names/name_tables.h"

namespace vigil::names {
namespace {

std::string repeated(std::string_view text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

constexpr std::size_t kMany = 3000;

void expect_something_of_every_part(std::span<const NameEntry> entries) {
  for (const auto& entry : entries) {
    for (std::size_t size = 1; size < entry.decorated.size(); ++size) {
      EXPECT_FALSE(undecorate(entry.decorated.substr(0, size)).empty())
          << entry.decorated << " cut at " << size;
      EXPECT_FALSE(undecorate(entry.decorated.substr(size)).empty())
          << entry.decorated << " from " << size;
    }
  }
}

TEST(HostileNames, GiveSomethingHoweverTheyAreCut) {
  expect_something_of_every_part(kItaniumNames);
  expect_something_of_every_part(kMicrosoftNames);
  expect_something_of_every_part(kRustNames);
  expect_something_of_every_part(kCNames);
}

void expect_something_of_every_change(std::span<const NameEntry> entries) {
  constexpr std::string_view kOthers(
      "\0\xff"
      "AEIJNPSTXZ@?$_09a",
      19);
  for (const auto& entry : entries) {
    std::string name(entry.decorated);
    for (char& c : name) {
      const char before = c;
      for (const char other : kOthers) {
        c = other;
        EXPECT_LE(undecorate(name).size(), kMaxName);
      }
      c = before;
    }
  }
}

TEST(HostileNames, StayWithinTheLimitHoweverTheyAreChanged) {
  expect_something_of_every_change(kItaniumNames);
  expect_something_of_every_change(kMicrosoftNames);
  expect_something_of_every_change(kRustNames);
}

TEST(HostileNames, ThatAreTooLongAreNotLookedAt) {
  const auto longest = "_Z3foo" + std::string(kMaxDecorated - 6, 'i');
  EXPECT_EQ(undecorate(longest), "foo");
  EXPECT_EQ(undecorate(longest + "i"), longest + "i");
}

TEST(HostileNames, ThatWouldBeTooLongStayDecorated) {
  const auto name = "_Z" + std::to_string(kMaxName + 1) + std::string(kMaxName + 1, 'a') + "v";
  EXPECT_EQ(undecorate(name), name);
  const auto most = "_Z" + std::to_string(kMaxName) + std::string(kMaxName, 'a') + "v";
  EXPECT_EQ(undecorate(most), std::string(kMaxName, 'a'));
}

TEST(HostileNames, ThatRepeatTheirPartsStayDecorated) {
  const auto microsoft = "?" + std::string(2000, 'a') + "@" + std::string(2000, '0') + "@@YAXXZ";
  EXPECT_EQ(undecorate(microsoft), microsoft);
  const auto itanium = "_ZN2000" + std::string(2000, 'a') + repeated("C1", 1000) + "Ev";
  EXPECT_EQ(undecorate(itanium), itanium);
  const auto rust = "_RINvC1a1f" + repeated("B2_", 1500) + "E";
  EXPECT_EQ(undecorate(rust), rust);
}

/// Each substitution is twice as long as the one before.
TEST(HostileNames, ThatDoubleWithEachPartStayDecorated) {
  std::string itanium = "_Z1fI1A1PIS0_S0_E";
  for (const char c : std::string_view("23456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    itanium += std::string("S1_IS") + c + "_S" + c + "_E";
  }
  itanium += "Evv";
  EXPECT_EQ(undecorate(itanium), itanium);

  std::string microsoft = "??$f@P6AXPEAHPEAH";
  for (const char c : std::string_view("0123456789"))
    microsoft += std::string("P6AX") + c + c + c + c + "@Z";
  microsoft += "@Z@@YAXXZ";
  EXPECT_EQ(undecorate(microsoft), microsoft);

  std::string rust = "_RINvC1a1fTuuE";
  for (const std::string_view back :
       {"8", "c", "k", "s", "A", "I", "Q", "Y", "14", "1c", "1k", "1s", "1A", "1I"}) {
    rust += "T" + ("B" + std::string(back) + "_") + ("B" + std::string(back) + "_") + "E";
  }
  EXPECT_LE(undecorate(rust + "E").size(), kMaxName);
}

/// Packs of packs that hold nothing cost steps and write nothing.
TEST(HostileNames, ThatWriteNothingWithoutEndStayDecorated) {
  std::string empty = "_ZZ1fIJJ" + repeated("JE", kMany) + "EJ" + repeated("JE", kMany) + "EEEv";
  empty += repeated("DpT_DpT0_", 500) + "E1x";
  EXPECT_LE(undecorate(empty).size(), empty.size());
}

TEST(HostileNames, ThatNestTooDeepStayDecorated) {
  for (const std::string& name : {
           "_Z1fI" + std::string(kMany, 'P') + "iEvv",
           "_Z1fI" + repeated("1AI", kMany) + "i" + std::string(kMany + 1, 'E') + "vv",
           "_Z1fI" + repeated("PF", kMany) + "vvEEvv",
           "_Z1fI" + std::string(kMany, 'J') + std::string(kMany + 1, 'E') + "vv",
           "_Z1fIX" + repeated("nt", kMany) + "Lb1EEEvv",
           "_Z1fIX" + repeated("plLi1E", kMany) + "Li1EEEvv",
           "_Z1fIX" + repeated("cl", kMany) + "EEvv",
           "_Z" + std::string(kMany, 'Z') + "1fvE1x",
           "_Z" + repeated("Z1fvE", kMany) + "1x",
           "_ZN" + repeated("1a", kMany) + "Ev",
           "_Z" + repeated("TI", kMany) + "1A",
           "_ZTh0_" + repeated("Th0_", kMany) + "1fv",
           "_ZN1A" + repeated("cv", kMany) + "iEv",
           "_ZN1f" + repeated("UlN1g", kMany) + "vE_Ev",
           "_Z1fI" + repeated("Dp", kMany) + "iEvv",
           "_Z1fI" + repeated("TpTk", kMany) + "iEvv",
           "??$f@" + std::string(kMany, 'P') + "EAH@@YAXXZ",
           "??$f@" + repeated("V?$A@", kMany) + "@@YAXXZ",
           "??$f@" + repeated("P6AX", kMany) + "XZ@@YAXXZ",
           "??$f@" + repeated("$1?g@?$A@", kMany) + "@@YAXXZ",
           "??$f@" + repeated("$2H", kMany) + "@@YAXXZ",
           "??$f@" + repeated("$Ra@", kMany) + "$00@@YAXXZ",
           "??$f@Y" + repeated("A", kMany) + "@@@YAXXZ",
           "?f@" + repeated("?1??g@", kMany) + "@YAXXZ",
           "?f" + repeated("@a", kMany) + "@@YAXXZ",
           repeated("??__E", kMany) + "x@@YAXXZ",
           repeated("??_P", kMany) + "4A@@QEAAXXZ",
           "??" + repeated("_P", kMany) + "4A@@QEAAXXZ",
           "_R" + repeated("Nv", kMany) + "C1a1f",
           "_R" + repeated("M", kMany) + "C1a",
           "_R" + repeated("Y", kMany) + "uC1a",
           "_RINvC1a1f" + repeated("R", kMany) + "uE",
           "_RINvC1a1f" + repeated("FG_", kMany) + "uE",
       }) {
    EXPECT_EQ(undecorate(name), name) << name.substr(0, 20);
  }
}

/// An argument that stands for itself.
TEST(HostileNames, ThatGoInCirclesStayDecorated) {
  for (const std::string name :
       {"_ZN1AcvT_IS0_EEv", "_ZN1AcvPT_IS1_EEv", "_RNvB_1f", "_RINvC1a1fB5_E"}) {
    EXPECT_EQ(undecorate(name), name);
  }
}

}  // namespace
}  // namespace vigil::names
