// SPDX-License-Identifier: Apache-2.0
#include "names/names.h"

#include <span>
#include <string>

#include <gtest/gtest.h>

#include "unit/names/name_tables.h"

namespace vigil::names {
namespace {

void expect_plain(std::span<const NameEntry> entries) {
  for (const auto& entry : entries)
    EXPECT_EQ(undecorate(entry.decorated), entry.plain) << entry.decorated;
}

TEST(Names, OfGccAndClangAreThoseOfCxxfilt) {
  expect_plain(kItaniumNames);
}

TEST(Names, OfVisualCppAreThoseOfItsDebuggers) {
  expect_plain(kMicrosoftNames);
}

TEST(Names, OfRustHaveNoHashes) {
  expect_plain(kRustNames);
}

TEST(Names, OfCLoseTheSizeOfTheirParameters) {
  expect_plain(kCNames);
}

TEST(Names, ThatAreNotDecoratedStayAsTheyAre) {
  for (const std::string name : {"",
                                 "main",
                                 "CreateFileW",
                                 "_start",
                                 "__libc_start_main",
                                 "operator new",
                                 "ns::Class::method",
                                 "System.Collections.Generic.List`1[System.Int32]",
                                 "$s4main3fooyyF",
                                 "_D4main3fooFZv",
                                 "_Z",
                                 "_R",
                                 ".text",
                                 ".",
                                 "?",
                                 "@",
                                 "_f@",
                                 "_f@x",
                                 "_@12",
                                 "@@12",
                                 "f@12",
                                 "_9f@12",
                                 "@ILT+5(_main)",
                                 "_ZGVbN2v_acos"}) {
    EXPECT_EQ(undecorate(name), name);
  }
}

TEST(Names, ThatAreBrokenStayAsTheyAre) {
  for (const std::string name : {"_ZN",
                                 "_ZNE",
                                 "_ZN1",
                                 "_ZN9short",
                                 "_ZNS_1fEv",
                                 "_ZN1aIT_E1fEv",
                                 "_ZN1aIS5_E1fEv",
                                 "_ZN99999999999999999999999aEv",
                                 "_ZN2a\x01"
                                 "1fEv",
                                 "_ZTVN",
                                 "_ZTh8_",
                                 "_Z1fILiE",
                                 "_Z1fIXE",
                                 "_ZN1AcvT_Ev",
                                 "_ZZ1fi",
                                 "_RNvC1a",
                                 "_RNvC1a9f",
                                 "_RNvB_1f",
                                 "_RINvC1a1fB9_E",
                                 "_ZN3bar17h0123456789abcdef",
                                 "??",
                                 "?@@",
                                 "?f",
                                 "?f@",
                                 "?f@@",
                                 "?f@@!",
                                 "?a@b@2@YAXXZ",
                                 "?a b@@YAXXZ",
                                 "?f@?$A@@",
                                 "?f@?$A@$@@YAXXZ",
                                 "?f@?$A@H",
                                 "??0@QEAA@XZ",
                                 "??B@@QEAA@XZ",
                                 "??_7A@@",
                                 "??_R1A@@8",
                                 "?f@?1?@YAXXZ",
                                 ".?AV",
                                 ".?AVClass@",
                                 ".H!"}) {
    EXPECT_EQ(undecorate(name), name);
  }
}

TEST(Names, OfMicrosoftThatAreOnlyAHashStayAsTheyAre) {
  const std::string name = "??@0123456789abcdef0123456789abcdef@";
  EXPECT_EQ(undecorate(name), name);
}

}  // namespace
}  // namespace vigil::names
