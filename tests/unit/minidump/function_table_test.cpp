// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parsed.h"
#include "support/minidump_streams.h"

namespace vigil::minidump {
namespace {

using test::ByteBuilder;
using test::MinidumpBuilder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint32_t kFunctionTables = 13;
constexpr std::uint32_t kTokens = 19;

TEST(FunctionTable, GivesTablesByAddressWithTheirEntries) {
  MinidumpBuilder builder;
  test::add_function_tables(
      builder,
      {{.minimum = 0x9000, .maximum = 0xa000, .base = 0x8000, .entries = {{{1, 2, 3}, {4, 5, 6}}}},
       {.minimum = 0x1000, .maximum = 0x2000, .base = 0x1000}});
  const Parsed parsed(builder);
  const auto& tables = parsed.snapshot().function_tables;
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].minimum, 0x1000u);
  EXPECT_EQ(tables[0].size(), 0u);
  EXPECT_EQ(tables[1].maximum, 0xa000u);
  EXPECT_EQ(tables[1].base, 0x8000u);
  EXPECT_EQ(tables[1].entry_size, 12u);
  ASSERT_EQ(tables[1].size(), 2u);
  EXPECT_EQ(*tables[1].entries.read<std::uint32_t>(12), 4u);
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(FunctionTable, KeepsTheWholeEntriesOfATableThatIsCutOff) {
  MinidumpBuilder builder;
  ByteBuilder b;
  b.u32(24).u32(32).u32(0).u32(12).u32(2).u32(0);
  b.u64(0x1000).u64(0x2000).u64(0x1000).u32(3).u32(0).fill(40);
  builder.add_stream(kFunctionTables, b.bytes());
  const Parsed parsed(builder);
  ASSERT_EQ(parsed.snapshot().function_tables.size(), 1u);
  EXPECT_EQ(parsed.snapshot().function_tables[0].size(), 3u);
  ASSERT_EQ(parsed.notes().size(), 1u);
  MinidumpBuilder shorter;
  shorter.add_stream(kFunctionTables, b.bytes().substr(0, 24 + 32 + 25));
  const Parsed cut(shorter);
  EXPECT_EQ(cut.snapshot().function_tables[0].size(), 2u);
  EXPECT_THAT(cut.notes(),
              ::testing::Contains("function table at 0x1000: claims 3 entries, and 2 are there"));
}

TEST(FunctionTable, RefusesSizesThatCannotBe) {
  const ByteBuilder heads[] = {
      ByteBuilder().u32(23).u32(32).u32(0).u32(12), ByteBuilder().u32(24).u32(31).u32(0).u32(12),
      ByteBuilder().u32(24).u32(32).u32(0).u32(0), ByteBuilder().u32(24).u32(32).u32(0).u32(65)};
  for (const auto& head : heads) {
    MinidumpBuilder builder;
    builder.add_stream(kFunctionTables, ByteBuilder(head).u32(1).u32(0).fill(64).bytes());
    const Parsed parsed(builder);
    EXPECT_TRUE(parsed.snapshot().function_tables.empty());
    EXPECT_EQ(parsed.notes().size(), 1u);
  }
}

TEST(Token, IsKnownByItsOwnerAndNotByItsContents) {
  MinidumpBuilder builder;
  test::add_tokens(builder, {4711, 104});
  const Parsed parsed(builder);
  const auto& tokens = parsed.snapshot().tokens;
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[0].owner, 4711u);
  EXPECT_EQ(tokens[1].owner, 104u);
  EXPECT_EQ(tokens[1].handle, 0x2d0u);
  EXPECT_EQ(tokens[1].size, 80u);
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(Token, IsKeptWhenTheNextOneIsDamaged) {
  MinidumpBuilder builder;
  ByteBuilder b;
  b.u32(64).u32(2).u32(16).u32(16).u32(16).u32(1).u64(0).u32(15).u32(2).u64(0);
  builder.add_stream(kTokens, b.bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().tokens.size(), 1u);
  EXPECT_THAT(parsed.notes(),
              ElementsAre("TokenStream: token 1 claims 15 bytes, and its head has 16"));
}

}  // namespace
}  // namespace vigil::minidump
