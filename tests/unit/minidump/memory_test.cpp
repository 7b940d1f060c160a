// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "minidump/streams.h"
#include "parsed.h"

namespace vigil::minidump {
namespace {

using test::ByteBuilder;
using test::MinidumpBuilder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint32_t kMemoryList = 5;
constexpr std::uint32_t kMemory64List = 9;
constexpr std::uint32_t kMemoryInfoList = 16;
constexpr auto kMax64 = std::numeric_limits<std::uint64_t>::max();

TEST(Memory, GivesBytesFromTheirFirstToTheirLast) {
  MinidumpBuilder builder;
  builder.add_memory(0x2000, "second").add_memory(0x1000, "first");
  Parsed parsed(builder);
  EXPECT_EQ(parsed.memory(0x1000, 100), "first");
  EXPECT_EQ(parsed.memory(0x1002, 2), "rs");
  EXPECT_EQ(parsed.memory(0x1004, 1), "t");
  EXPECT_EQ(parsed.memory(0x1005, 1), "");
  EXPECT_EQ(parsed.memory(0xfff, 1), "");
  EXPECT_EQ(parsed.memory(0x2000, 6), "second");
  EXPECT_EQ(parsed.memory(kMax64, kMax64), "");
  EXPECT_EQ(parsed.snapshot().captured_bytes, 11u);
}

TEST(Memory, ReadsTheSameFromAFullDump) {
  MinidumpBuilder builder;
  builder.full().add_memory(0x2000, "second").add_memory(0x1000, "first");
  Parsed parsed(builder);
  EXPECT_EQ(parsed.memory(0x1000, 100), "first");
  EXPECT_EQ(parsed.memory(0x2000, 100), "second");
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(Memory, ReadsValuesThatAreWholeOnly) {
  MinidumpBuilder builder;
  builder.add_memory(0x1000, std::string("\1\0\0\0\2\0\0", 7));
  Parsed parsed(builder);
  EXPECT_EQ(parsed.dump->memory().read<std::uint32_t>(0x1000), 1u);
  EXPECT_EQ(parsed.dump->memory().read<std::uint32_t>(0x1004), std::nullopt);
}

TEST(Memory, JoinsNeighboursThatContinueEachOtherInTheFile) {
  MinidumpBuilder builder;
  builder.full().add_memory(0x1000, "abcd").add_memory(0x1004, "efgh").add_memory(0x1009, "far");
  Parsed parsed(builder);
  EXPECT_EQ(parsed.memory(0x1002, 100), "cdefgh");
}

TEST(Memory, JoinsNeighboursThatLieApartInTheFile) {
  MinidumpBuilder builder;
  builder.add_memory(0x1004, "efgh").add_memory(0x1000, "abcd").add_memory(0x1008, "ij");
  Parsed parsed(builder);
  EXPECT_EQ(parsed.memory(0x1002, 4), "cdef");
  EXPECT_EQ(parsed.memory(0x1002, 100), "cdefghij");
  EXPECT_EQ(parsed.memory(0x1002, 4).data(), parsed.memory(0x1002, 4).data());
  EXPECT_EQ(parsed.memory(0x1001, 2), "bc");
}

TEST(Memory, JoinsABoundedAmount) {
  MinidumpBuilder builder;
  builder.add_memory(0x1000, "abcd")
      .add_memory(0x2000, std::string(1 << 20, 'x'))
      .add_memory(0x1004, std::string(0xffc, 'y'));
  Parsed parsed(builder);
  std::uint64_t shortest = kMax64;
  for (std::uint64_t i = 0; i < 40; ++i) {
    shortest = std::min<std::uint64_t>(shortest, parsed.memory(0x1000, 0x80000 + i).size());
  }
  EXPECT_EQ(shortest, 4u);
}

TEST(Memory, ToleratesRangesThatOverlap) {
  MinidumpBuilder builder;
  builder.add_memory(0x1000, "abcdef").add_memory(0x1002, "CD").add_memory(0x1004, "EFGH");
  builder.add_memory(0x1000, "zz");
  Parsed parsed(builder);
  EXPECT_EQ(parsed.memory(0x1000, 100), "abcdefGH");
  EXPECT_EQ(parsed.snapshot().captured_bytes, 8u);
}

TEST(Memory, KnowsEveryByteOfManyOverlappingRanges) {
  std::uint64_t state = 1;
  std::array<bool, 600> captured{};
  MinidumpBuilder builder;
  for (int i = 0; i < 60; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto base = static_cast<std::size_t>((state >> 40) % 500);
    const auto size = static_cast<std::size_t>((state >> 20) % 20);
    std::string bytes;
    for (std::size_t a = base; a < base + size; ++a) {
      captured[a] = true;
      bytes.push_back(static_cast<char>(a % 251));
    }
    builder.add_memory(base, bytes);
  }
  Parsed parsed(builder);
  for (std::size_t a = 0; a < captured.size(); ++a) {
    const auto byte = parsed.memory(a, 1);
    ASSERT_EQ(byte.empty(), !captured[a]) << a;
    ASSERT_TRUE(!captured[a] || byte[0] == static_cast<char>(a % 251)) << a;
  }
}

TEST(MemoryList, AcceptsPaddingBehindTheCount) {
  MinidumpBuilder builder;
  const auto rva = builder.place("abcd");
  builder.add_stream(kMemoryList, ByteBuilder().u32(1).u32(0).u64(0x1000).u32(4).u32(rva).bytes());
  EXPECT_EQ(Parsed(builder).memory(0x1000, 4), "abcd");
}

TEST(MemoryList, CutsRangesToTheFileAndToTheAddressSpace) {
  MinidumpBuilder builder;
  builder.add_stream(kMemoryList, ByteBuilder()
                                      .u32(3)
                                      .u64(0x1000)
                                      .u32(0xffff'ffff)
                                      .u32(0)
                                      .u64(0x9000)
                                      .u32(5)
                                      .u32(0xffff'0000)
                                      .u64(kMax64 - 1)
                                      .u32(16)
                                      .u32(0)
                                      .bytes());
  Parsed parsed(builder);
  EXPECT_EQ(parsed.memory(0x1000, 4), "MDMP");
  EXPECT_EQ(parsed.memory(0x9000, 4), "");
  EXPECT_EQ(parsed.memory(kMax64 - 1, 4), "M");
  ASSERT_EQ(parsed.notes().size(), 1u);
  EXPECT_THAT(parsed.notes()[0], ::testing::EndsWith("bytes lie behind the end of the file"));
}

TEST(Memory64List, SharesOneLimitOfRangesWithTheOtherList) {
  const std::string file(64, 'x');
  MemorySource source{ByteView(std::string_view(file))};
  Diagnostics diagnostics;
  Reader reader(source, diagnostics);
  MemoryRanges ranges;
  while (ranges.room() > 1) ranges.add(reader, {.base = 0x1000, .size = 1, .file_offset = 0});
  const auto stream = ByteBuilder().u64(2).u64(0).u64(0x4000).u64(4).u64(0x5000).u64(4).bytes();
  ASSERT_TRUE(read_memory64_list(reader, ByteView(std::string_view(stream)), ranges).ok());
  EXPECT_EQ(ranges.room(), 0u);
  EXPECT_THAT(diagnostics.notes(),
              ElementsAre("64-bit memory list: 2 records, and the first 1 are read"));
}

TEST(Memory64List, KeepsWhatATruncatedFileHolds) {
  MinidumpBuilder builder;
  builder.full().add_memory(0x1000, "abcd").add_memory(0x2000, "efgh").add_memory(0x3000, "ijkl");
  auto bytes = builder.finish();
  bytes.resize(bytes.size() - 6);
  Parsed parsed(bytes);
  EXPECT_EQ(parsed.memory(0x1000, 4), "abcd");
  EXPECT_EQ(parsed.memory(0x2000, 4), "ef");
  EXPECT_EQ(parsed.memory(0x3000, 4), "");
  EXPECT_THAT(parsed.notes(), ElementsAre("memory: 6 bytes lie behind the end of the file"));
}

TEST(Memory64List, SurvivesSizesWhoseSumWouldWrap) {
  MinidumpBuilder builder;
  builder.add_stream(
      kMemory64List,
      ByteBuilder().u64(2).u64(0).u64(0x1000).u64(kMax64).u64(0x2000).u64(kMax64).bytes());
  Parsed parsed(builder);
  EXPECT_EQ(parsed.memory(0x1000, 4), "MDMP");
  EXPECT_EQ(parsed.notes().size(), 1u);
}

TEST(Memory64List, KeepsTheRangesThatFitWhenItClaimsMore) {
  MinidumpBuilder builder;
  builder.add_stream(kMemory64List, ByteBuilder().u64(kMax64).u64(0).u64(0x1000).u64(4).bytes());
  Parsed parsed(builder);
  EXPECT_EQ(parsed.memory(0x1000, 4), "MDMP");
  EXPECT_THAT(
      parsed.notes(),
      ElementsAre("64-bit memory list: claims 18446744073709551615 records of 16 bytes, and 1 fit "
                  "in the 16 bytes there"));
}

TEST(MemoryInfoList, GivesRegionsByAddress) {
  MinidumpBuilder builder;
  builder.add_region({.base = 0x2000, .size = 0x1000, .allocation_base = 0x2000});
  builder.add_region({.base = 0x1000,
                      .size = 0x1000,
                      .allocation_base = 0x1000,
                      .allocation_protect = 0x80,
                      .state = 0x2000,
                      .protect = 0x20,
                      .type = 0x1000000});
  const Parsed parsed(builder);
  ASSERT_EQ(parsed.snapshot().regions.size(), 2u);
  const auto& region = parsed.snapshot().regions[0];
  EXPECT_EQ(region.range.base, 0x1000u);
  EXPECT_EQ(region.range.size, 0x1000u);
  EXPECT_EQ(region.allocation_base, 0x1000u);
  EXPECT_EQ(region.allocation_protect, 0x80u);
  EXPECT_EQ(region.state, 0x2000u);
  EXPECT_EQ(region.protect, 0x20u);
  EXPECT_EQ(region.type, 0x1000000u);
}

TEST(MemoryInfoList, StridesByTheSizeThatItsHeadGives) {
  MinidumpBuilder builder;
  builder.add_stream(kMemoryInfoList, ByteBuilder()
                                          .u32(24)
                                          .u32(64)
                                          .u64(2)
                                          .seek(24)
                                          .u64(0x1000)
                                          .seek(24 + 64)
                                          .u64(0x2000)
                                          .seek(24 + 128)
                                          .bytes());
  const Parsed parsed(builder);
  ASSERT_EQ(parsed.snapshot().regions.size(), 2u);
  EXPECT_EQ(parsed.snapshot().regions[1].range.base, 0x2000u);
}

TEST(MemoryInfoList, IsNotedWhenItsHeadIsCut) {
  MinidumpBuilder builder;
  builder.add_stream(kMemoryInfoList, ByteBuilder().u32(16).u32(48).u32(1).bytes());
  EXPECT_THAT(Parsed(builder).notes(),
              ElementsAre("MemoryInfoListStream: needs 8 bytes at offset 0x8 and has 12 in all"));
}

TEST(X86, KnowsAddressesThatAreSignExtended) {
  MinidumpBuilder builder(MinidumpBuilder::Arch::X86);
  builder.add_memory(0xffff'ffff'8000'1000, "high");
  builder.add_module({.base = 0xffff'ffff'9000'0000, .size = 0x1000, .name = "m"});
  Parsed parsed(builder);
  EXPECT_EQ(parsed.memory(0x8000'1000, 4), "high");
  EXPECT_EQ(parsed.snapshot().modules[0].base, 0x9000'0000u);
}

}  // namespace
}  // namespace vigil::minidump
