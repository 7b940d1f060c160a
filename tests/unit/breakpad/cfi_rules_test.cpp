// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>

#include "breakpad/breakpad.h"

namespace vigil::breakpad {
namespace {

TEST(CfiRules, AreNamedByWhatTheyCompute) {
  CfiRules rules;
  ASSERT_TRUE(rules.add(".cfa: $rsp 8 + .ra: .cfa 8 - ^"));
  ASSERT_NE(rules.find(".cfa"), nullptr);
  EXPECT_EQ(rules.find(".cfa")->expression, "$rsp 8 +");
  EXPECT_EQ(rules.find(".ra")->expression, ".cfa 8 - ^");
  EXPECT_EQ(rules.find("$rbx"), nullptr);
}

TEST(CfiRules, LaterOnesTakeThePlaceOfEarlierOnes) {
  CfiRules rules;
  ASSERT_TRUE(rules.add(".cfa: $rsp 8 + .ra: .cfa 8 - ^"));
  ASSERT_TRUE(rules.add(".cfa: $rsp 16 + $rbx: .cfa 16 - ^"));
  EXPECT_EQ(rules.find(".cfa")->expression, "$rsp 16 +");
  EXPECT_EQ(rules.find(".ra")->expression, ".cfa 8 - ^");
  EXPECT_EQ(rules.end() - rules.begin(), 3);
}

TEST(CfiRules, AreRefusedWithoutATargetOrAnExpression) {
  for (const std::string_view text : {"", "$rsp 8 +", ".cfa:", ": $rsp"}) {
    CfiRules rules;
    EXPECT_FALSE(rules.add(text)) << text;
  }
}

TEST(CfiRules, AreRefusedWhenThereAreTooMany) {
  std::string text;
  for (int i = 0; i < 49; ++i) text += "r" + std::to_string(i) + ": 1 ";
  CfiRules rules;
  EXPECT_FALSE(rules.add(text));
}

}  // namespace
}  // namespace vigil::breakpad
