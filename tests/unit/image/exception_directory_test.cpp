// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/image/image_support.h"
#include "unit/image/pe_builder.h"

namespace vigil::image {
namespace {

using test::ByteBuilder;
using test::OpenImage;
using test::PeBuilder;

constexpr std::uint32_t kTable = 0x3000;

std::string image_with(const ByteBuilder& table, std::uint32_t machine = PeBuilder::kAmd64) {
  PeBuilder pe(machine);
  pe.section(".text", 0x1000, PeBuilder::kCode, std::string(0x200, '\xcc'));
  pe.section(".pdata", kTable, PeBuilder::kReadOnly, table.bytes());
  pe.directory(3, kTable, table.size());
  return pe.mapped();
}

ByteBuilder three_functions() {
  ByteBuilder table;
  table.u32(0x1000).u32(0x1020).u32(0x2000);
  table.u32(0x1020).u32(0x1040).u32(0x2010);
  table.u32(0x1080).u32(0x1100).u32(0x2020);
  return table;
}

TEST(ExceptionDirectory, FindsTheFunctionThatCoversAnAddress) {
  const OpenImage open(image_with(three_functions()));
  ASSERT_TRUE(open.image.ok());
  EXPECT_EQ(open.image->find_function(0x1000), (RuntimeFunction{0x1000, 0x1020, 0x2000}));
  EXPECT_EQ(open.image->find_function(0x101f), (RuntimeFunction{0x1000, 0x1020, 0x2000}));
  EXPECT_EQ(open.image->find_function(0x1020), (RuntimeFunction{0x1020, 0x1040, 0x2010}));
  EXPECT_EQ(open.image->find_function(0x10ff), (RuntimeFunction{0x1080, 0x1100, 0x2020}));
}

TEST(ExceptionDirectory, FindsNothingBetweenBeforeAndBehindFunctions) {
  const OpenImage open(image_with(three_functions()));
  ASSERT_TRUE(open.image.ok());
  EXPECT_TRUE(open.image->has_unwind_table());
  EXPECT_EQ(open.image->find_function(0xfff), std::nullopt);
  EXPECT_EQ(open.image->find_function(0x1040), std::nullopt);
  EXPECT_EQ(open.image->find_function(0x1100), std::nullopt);
  EXPECT_EQ(open.image->find_function(0x1'0000'1000), std::nullopt);
}

TEST(ExceptionDirectory, GivesTheLastFunctionBelowALeaf) {
  const OpenImage open(image_with(three_functions()));
  ASSERT_TRUE(open.image.ok());
  EXPECT_EQ(open.image->nearest_function(0x1050), (RuntimeFunction{0x1020, 0x1040, 0x2010}));
  EXPECT_EQ(open.image->nearest_function(0xfff), std::nullopt);
}

TEST(ExceptionDirectory, FollowsAnIndirectEntryOnce) {
  ByteBuilder table;
  table.u32(0x1000).u32(0x1020).u32(kTable + 24 + 1);
  table.u32(0x1020).u32(0x1040).u32(kTable + 0 + 1);  // leads to an indirect one
  table.u32(0x1100).u32(0x1180).u32(0x2020);
  const OpenImage open(image_with(table));
  ASSERT_TRUE(open.image.ok());
  EXPECT_EQ(open.image->find_function(0x1010), (RuntimeFunction{0x1000, 0x1020, 0x2020}));
  EXPECT_EQ(open.image->find_function(0x1030), std::nullopt);
}

TEST(ExceptionDirectory, IsAbsentWhenItDoesNotLieInTheImage) {
  ByteBuilder bytes(image_with(three_functions()));
  bytes.patch_u32(PeBuilder::kDirectories + 3 * 8, 0xffff'fff0);
  const OpenImage open(bytes.bytes());
  ASSERT_TRUE(open.image.ok());
  EXPECT_FALSE(open.image->has_unwind_table());
  EXPECT_EQ(open.image->find_function(0x1000), std::nullopt);
}

TEST(ExceptionDirectory, EndsTheSearchInATableThatIsNotSorted) {
  ByteBuilder table;
  for (const std::uint32_t begin : {0x1100u, 0xffff'ffffu, 0u, 0x1080u, 0x1000u}) {
    table.u32(begin).u32(begin).u32(0);
  }
  const OpenImage open(image_with(table));
  ASSERT_TRUE(open.image.ok());
  for (std::uint64_t rva = 0; rva < 0x1200; ++rva) (void)open.image->find_function(rva);
}

TEST(ExceptionDirectory, IgnoresABrokenEntryAtTheEnd) {
  ByteBuilder table = three_functions();
  table.u32(0x1100);
  const OpenImage open(image_with(table));
  ASSERT_TRUE(open.image.ok());
  EXPECT_EQ(open.image->find_function(0x1100), std::nullopt);
  EXPECT_TRUE(open.image->find_function(0x10ff).has_value());
}

TEST(ExceptionDirectory, ReadsTheShorterEntriesOfArm64) {
  ByteBuilder table;
  table.u32(0x1000).u32(0x2000).u32(0x1040).u32(0x2011);
  const OpenImage open(image_with(table, PeBuilder::kArm64));
  ASSERT_TRUE(open.image.ok());
  EXPECT_EQ(open.image->nearest_arm64_function(0x1030)->begin, 0x1000u);
  EXPECT_EQ(open.image->nearest_arm64_function(0x1040)->unwind_data, 0x2011u);
  EXPECT_FALSE(open.image->nearest_arm64_function(0xfff).has_value());
  EXPECT_EQ(open.image->find_function(0x1000), std::nullopt);
}

}  // namespace
}  // namespace vigil::image
