// SPDX-License-Identifier: Apache-2.0
#include "base/minidump_type.h"

#include <gtest/gtest.h>

namespace vigil::minidump_type {
namespace {

TEST(MinidumpType, HasEachDocumentedBitOnceAndInOrder) {
  std::uint32_t all = 0;
  std::uint32_t last = 0;
  for (const auto& flag : flags()) {
    EXPECT_GT(flag.bit, last) << flag.name;
    last = flag.bit;
    all |= flag.bit;
    EXPECT_EQ(bit_from_name(flag.name), flag.bit);
  }
  EXPECT_EQ(all, 0x3ff'ffffu);  // MiniDumpValidTypeFlags and the one that was added behind them.
}

TEST(MinidumpType, TakesNamesWithTheirPrefixToo) {
  EXPECT_EQ(bit_from_name("MiniDumpWithFullMemory"), 2u);
  EXPECT_EQ(bit_from_name("withfullmemory"), std::nullopt);
}

TEST(MinidumpType, TellsBitsThatMeanNothingAndThoseOfWindowsAlone) {
  EXPECT_EQ(unknown_bits(0x1826), 0u);
  EXPECT_EQ(unknown_bits(0xf000'0002), 0xf000'0000u);
  EXPECT_EQ(names_beyond_native(0x1826), "");
  EXPECT_EQ(names_beyond_native(0x40'0010), "ScanMemory and WithIptTrace");
}

}  // namespace
}  // namespace vigil::minidump_type
