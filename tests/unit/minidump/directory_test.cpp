// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parsed.h"

namespace vigil::minidump {
namespace {

using test::ByteBuilder;
using test::MinidumpBuilder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kVersion = 4;
constexpr std::size_t kStreamCount = 8;
constexpr std::size_t kDirectoryRva = 12;
constexpr std::uint32_t kSystemInfo = 7;

TEST(Directory, GivesWhatTheHeaderSays) {
  MinidumpBuilder builder;
  builder.timestamp(1'600'000'000).flags(0x1826);
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().format, "minidump");
  EXPECT_EQ(format_utc(parsed.snapshot().written), "2020-09-13T12:26:40.000Z");
  EXPECT_EQ(parsed.snapshot().dump_flags, 0x1826u);
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(Directory, ListsStreamsInOrderWithAndWithoutNames) {
  MinidumpBuilder builder;
  builder.add_stream(0, "unused").add_stream(0x47670001, "12345678").add_stream(0x12345, "x");
  const Parsed parsed(builder);
  const auto& streams = parsed.snapshot().streams;
  ASSERT_EQ(streams.size(), 3u);
  EXPECT_EQ(streams[0].name, "BreakpadInfo");
  EXPECT_EQ(streams[0].size, 8u);
  EXPECT_EQ(streams[1].name, "");
  EXPECT_EQ(streams[1].type, 0x12345u);
  EXPECT_EQ(streams[2].name, "SystemInfoStream");
}

TEST(Directory, RefusesAFileThatEndsInTheHeader) {
  const auto bytes = MinidumpBuilder().finish();
  EXPECT_EQ(refusal(std::string_view(bytes).substr(0, 31)).message(),
            "header: needs 32 bytes at offset 0x0 and has 31 in all");
}

TEST(Directory, RefusesADirectoryBehindTheEnd) {
  ByteBuilder file(MinidumpBuilder().finish());
  file.patch_u32(kDirectoryRva, 0xffff'fff0);
  const auto error = refusal(file.bytes());
  EXPECT_EQ(error.code(), Errc::Truncated);
  EXPECT_THAT(error.message(), ::testing::StartsWith("directory: 1 streams at offset 0xfffffff0"));
}

TEST(Directory, KeepsTheEntriesThatAreThereWhenItClaimsMore) {
  ByteBuilder file(MinidumpBuilder().finish());
  file.patch_u32(kStreamCount, 0xffff'ffff);
  const Parsed parsed(file.bytes());
  EXPECT_EQ(parsed.snapshot().system.cpu, snapshot::Cpu::Amd64);
  ASSERT_FALSE(parsed.notes().empty());
  EXPECT_THAT(parsed.notes()[0], ::testing::StartsWith("directory: claims 4294967295 records"));
}

TEST(Directory, StopsAtItsLimitOfStreams) {
  ByteBuilder file(MinidumpBuilder().finish());
  file.fill(2000 * 12);
  file.patch_u32(kStreamCount, 2000);
  const Parsed parsed(file.bytes());
  EXPECT_THAT(parsed.notes(), ElementsAre("directory: 2000 records, and the first 1024 are read"));
}

TEST(Directory, ReadsADumpWithoutAnyStream) {
  MinidumpBuilder builder;
  builder.without_system_info();
  const Parsed parsed(builder);
  EXPECT_TRUE(parsed.snapshot().streams.empty());
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(Directory, NotesAnotherVersionAndGoesOn) {
  ByteBuilder file(MinidumpBuilder().finish());
  file.patch_u16(kVersion, 0x1234);
  EXPECT_THAT(Parsed(file.bytes()).notes(),
              ElementsAre("header: version 0x1234, and 0xa793 is expected"));
}

TEST(Directory, TakesTheImplementationsHalfOfTheVersionForNothing) {
  ByteBuilder file(MinidumpBuilder().finish());
  file.patch_u16(kVersion + 2, 0x61b1);
  EXPECT_THAT(Parsed(file.bytes()).notes(), IsEmpty());
}

TEST(Directory, ReadsTheFirstOfTwoStreamsOfOneType) {
  MinidumpBuilder builder(MinidumpBuilder::Arch::Arm64);
  builder.add_stream(kSystemInfo, ByteBuilder().u16(9).seek(56).bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().system.cpu, snapshot::Cpu::Amd64);
  EXPECT_THAT(parsed.notes(), ElementsAre("SystemInfoStream: more than one; the first is read"));
}

TEST(Directory, NotesAStreamThatEndsBehindTheFile) {
  MinidumpBuilder builder;
  builder.without_system_info().add_stream_at(kSystemInfo, 0x10000, 56);
  const Parsed parsed(builder);
  EXPECT_THAT(parsed.notes(),
              ElementsAre("SystemInfoStream: 56 bytes at offset 0x10000, and 0 of them are there",
                          "SystemInfoStream: needs 32 bytes at offset 0x0 and has 0 in all"));
}

}  // namespace
}  // namespace vigil::minidump
