// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>

#include "symbols/symbols.h"

namespace vigil::symbols {
namespace {

TEST(Undecorate, KnowsItaniumNames) {
  EXPECT_EQ(undecorate("_Z4freei"), "free");
  EXPECT_EQ(undecorate("_ZL6staticv"), "static");
  EXPECT_EQ(undecorate("_ZN2ns5Class6methodEi"), "ns::Class::method");
  EXPECT_EQ(undecorate("_ZNK2ns5Class6methodEv"), "ns::Class::method");
  EXPECT_EQ(undecorate("__ZN1a1bEv"), "a::b");
  EXPECT_EQ(undecorate("_ZN2ns5ClassC2Ev"), "ns::Class::Class");
  EXPECT_EQ(undecorate("_ZN2ns5ClassD1Ev"), "ns::Class::~Class");
  EXPECT_EQ(undecorate("_ZNSt6thread4joinEv"), "std::thread::join");
  EXPECT_EQ(undecorate("_ZN12_GLOBAL__N_14helpEv"), "`anonymous namespace'::help");
}

TEST(Undecorate, KnowsMicrosoftNames) {
  EXPECT_EQ(undecorate("?free@@YAHH@Z"), "free");
  EXPECT_EQ(undecorate("?method@Class@ns@@QEAAXH@Z"), "ns::Class::method");
  EXPECT_EQ(undecorate("??0Class@ns@@QEAA@XZ"), "ns::Class::Class");
  EXPECT_EQ(undecorate("??1Class@@UEAA@XZ"), "Class::~Class");
  EXPECT_EQ(undecorate("?a@b@0c@2@YAXXZ"), "c::c::a::b::a");
  EXPECT_EQ(undecorate("?a@b@2@YAXXZ"), "?a@b@2@YAXXZ");
  EXPECT_EQ(undecorate("?a@b@0@YAXXZ"), "a::b::a");
  EXPECT_EQ(undecorate("?f@?A0x12345678@@YAXXZ"), "`anonymous namespace'::f");
}

TEST(Undecorate, KnowsStdcallNames) {
  EXPECT_EQ(undecorate("_f@12"), "f");
  EXPECT_EQ(undecorate("_f@"), "_f@");
  EXPECT_EQ(undecorate("_f@x"), "_f@x");
}

TEST(Undecorate, LeavesOtherNamesAlone) {
  for (const std::string name : {"",
                                 "CreateFileW",
                                 "_start",
                                 "_Z",
                                 "_ZN",
                                 "_ZNE",
                                 "_ZN1",
                                 "_ZN9short",
                                 "_ZSt4endl",
                                 "_ZN1aIiE1fEv",
                                 "_ZNS_1fEv",
                                 "_ZN1aplEv",
                                 "_ZTV5Class",
                                 "_ZN99999999999999999999999aEv",
                                 "?",
                                 "??",
                                 "?@@",
                                 "?f",
                                 "?f@",
                                 "??_7Class@@6B@",
                                 "??$max@H@@YAHHH@Z",
                                 "??4Class@@QEAA@Z",
                                 "?9@@YAXXZ"}) {
    EXPECT_EQ(undecorate(name), name);
  }
}

TEST(Undecorate, LeavesNamesThatRepeatTheirPartsWithoutEnd) {
  const auto microsoft = "?" + std::string(2000, 'a') + "@" + std::string(2000, '0') + "@@YAXXZ";
  EXPECT_EQ(undecorate(microsoft), microsoft);
  std::string itanium = "_ZN2000" + std::string(2000, 'a');
  for (int i = 0; i < 1000; ++i) itanium += "C1";
  itanium += "Ev";
  EXPECT_EQ(undecorate(itanium), itanium);
}

}  // namespace
}  // namespace vigil::symbols
