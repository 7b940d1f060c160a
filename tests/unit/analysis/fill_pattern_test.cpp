// SPDX-License-Identifier: Apache-2.0
#include "analysis/fill_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

using ::testing::Contains;

TEST(FillPattern, IsKnownWithASmallOffset) {
  EXPECT_EQ(find_fill_pattern(0xdddd'dddd'dddd'ddf5, true)->offset, 0x18u);
  EXPECT_EQ(find_fill_pattern(0xfeee'feee'feee'feee, true)->pattern->memory, "freed memory");
  EXPECT_EQ(find_fill_pattern(0xcdcd'cdd1, false)->offset, 4u);
}

TEST(FillPattern, IsNothingElse) {
  for (const std::uint64_t value : {0x0ull, 0xdddd'ddddull, 0xdddd'dddd'dddd'edddull,
                                    0xdddd'dddd'dddd'dddcull, ~0ull, 0x7ff8'0000'1000ull}) {
    EXPECT_FALSE(find_fill_pattern(value, true).has_value()) << value;
  }
}

TEST(FillPattern, StandsInTheSentence) {
  SampleCrash sample(0xc0000005, {0, 0xdddd'ddf5});
  sample.snapshot.system.cpu = snapshot::Cpu::X86;
  snapshot::X86Context context;
  context.ecx = 0xcdcd'cdcd;
  sample.snapshot.exception->context = context;
  const auto findings = sample.analyze();
  EXPECT_EQ(findings.synopsis,
            "OrdersApi.exe 4.2.1 read address 0xddddddf5 through a pointer out of freed memory in "
            "orders!Cart::total+0x1a");
  EXPECT_THAT(findings.crash->decoded,
              Contains("the address 0xddddddf5, 0x18 behind its start, is what the debug C runtime "
                       "fills freed memory with"));
  EXPECT_THAT(
      findings.crash->decoded,
      Contains("what register ecx holds, 0xcdcdcdcd is what the debug C runtime fills heap memory "
               "that was never set with"));
}

TEST(TextOf, IsWhatAnAddressOfCharactersSpells) {
  EXPECT_EQ(text_of(0x6172747320746f6e, true), "not stra");
  EXPECT_EQ(text_of(0x41414141, false), "AAAA");
  EXPECT_EQ(text_of(0x41414141, true), "");
  EXPECT_EQ(text_of(0x2122'2324'2526'2728, true), "");
}

}  // namespace
}  // namespace vigil::analysis
