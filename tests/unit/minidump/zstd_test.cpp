// SPDX-License-Identifier: Apache-2.0
#include "support/zstd_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parsed.h"

namespace vigil::minidump {
namespace {

using test::ByteBuilder;
using test::MinidumpBuilder;
using test::SeekableZstdBuilder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::size_t kFrameBytes = 4096;
constexpr std::size_t kFooterBytes = 9;
constexpr std::uint64_t kBlock = 0x10000;

/// Bytes that differ from place to place, so that a view of the wrong place shows.
std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i % 251);
  return bytes;
}

/// A full dump of some 128 KiB with one block of memory, so of some 30 frames.
std::string full_dump() {
  MinidumpBuilder builder;
  builder.full().add_module({.base = 0x1000, .size = 0x10, .name = "app.exe"});
  builder.add_memory(kBlock, pattern(0x20000));
  return builder.finish();
}

std::string seekable(bool checksums = false) {
  return SeekableZstdBuilder(checksums).add(full_dump(), kFrameBytes).finish();
}

TEST(Zstd, ReadsADumpThroughItsSeekTable) {
  for (const bool checksums : {false, true}) {
    Parsed parsed(seekable(checksums));
    EXPECT_EQ(parsed.snapshot().modules.at(0).path, "app.exe");
    EXPECT_EQ(parsed.memory(kBlock, 0x20000), pattern(0x20000));
    EXPECT_EQ(parsed.memory(kBlock + 5000, 10), pattern(0x20000).substr(5000, 10));
    EXPECT_THAT(parsed.notes(), IsEmpty());
  }
}

TEST(Zstd, ReadsADumpOfOneFrameWithoutASeekTable) {
  Parsed parsed(test::zstd_frame(full_dump()));
  EXPECT_EQ(parsed.memory(kBlock, 0x20000), pattern(0x20000));
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(Zstd, ReadsFramesOneAfterTheOtherWithoutASeekTable) {
  Parsed parsed(SeekableZstdBuilder().add(full_dump(), kFrameBytes).frames());
  EXPECT_EQ(parsed.memory(kBlock, 0x20000), pattern(0x20000));
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(Zstd, SkipsFramesWithoutContent) {
  const auto dump = full_dump();
  SeekableZstdBuilder builder;
  builder.add_frame(ByteBuilder().u32(0x184d2a50).u32(3).raw("abc").bytes(), 0);
  Parsed parsed(builder.add(dump, kFrameBytes).add_frame(test::zstd_frame(""), 0).finish());
  EXPECT_EQ(parsed.memory(kBlock, 0x20000), pattern(0x20000));
}

TEST(Zstd, UnpacksOnlyWhatIsTouched) {
  const Limits limits{.max_unpacked_bytes = 4 * kFrameBytes};
  Parsed parsed(seekable(), limits);
  EXPECT_EQ(parsed.snapshot().modules.at(0).path, "app.exe");
  EXPECT_EQ(parsed.memory(kBlock + 0x10000, 10), pattern(0x20000).substr(0x10000, 10));
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(Zstd, LooksAtEachOfManyFramesOnce) {
  Parsed parsed(SeekableZstdBuilder().add(full_dump(), 8).finish());
  std::uint64_t bytes = 0;
  for (int i = 0; i < 100'000; ++i) bytes += parsed.memory(kBlock, 0x20000).size();
  EXPECT_EQ(bytes, 100'000u * std::uint64_t{0x20000});
  EXPECT_EQ(parsed.memory(kBlock, 0x20000), pattern(0x20000));
}

TEST(Zstd, SaysHowLongTheDumpIsUnpacked) {
  EXPECT_EQ(Parsed(full_dump()).dump->size(), full_dump().size());
  EXPECT_EQ(Parsed(seekable()).dump->size(), full_dump().size());
  EXPECT_EQ(Parsed(test::zstd_frame(full_dump())).dump->size(), full_dump().size());
}

TEST(Zstd, StopsAtTheLimitOfUnpackedBytesAndKeepsWhatItHas) {
  const Limits limits{.max_unpacked_bytes = 4 * kFrameBytes};
  Parsed parsed(seekable(), limits);
  EXPECT_EQ(parsed.memory(kBlock, 0x20000), "");
  EXPECT_EQ(parsed.memory(kBlock, 10), pattern(10));
  ASSERT_EQ(parsed.notes().size(), 1u);
  EXPECT_THAT(parsed.notes()[0], HasSubstr("would pass the limit for unpacked bytes"));
}

TEST(Zstd, AsksForMoreOnlyOfACompressedDump) {
  static int asked = 0;
  const Limits limits{.max_unpacked_bytes = 0x8000, .more_unpacked_bytes = [] {
                        ++asked;
                        return std::uint64_t{1} << 30;
                      }};
  Parsed plain(full_dump(), limits);
  EXPECT_EQ(asked, 0);
  Parsed in_one_piece(test::zstd_frame(full_dump()), limits);
  EXPECT_EQ(in_one_piece.memory(kBlock, 0x20000), pattern(0x20000));
  EXPECT_EQ(asked, 1);
}

TEST(Zstd, StopsAtTheLimitWithoutASeekTable) {
  const Limits limits{.max_unpacked_bytes = 0x8000};
  Parsed parsed(test::zstd_frame(full_dump()), limits);
  EXPECT_LT(parsed.memory(kBlock, 0x20000).size(), 0x8000u);
  EXPECT_GT(parsed.memory(kBlock, 0x20000).size(), 0x7000u);
  ASSERT_FALSE(parsed.notes().empty());
  EXPECT_EQ(parsed.notes()[0],
            "compressed dump: unpacked up to the limit of 32768 bytes; what zstd -d makes of it is "
            "read whole");
}

TEST(Zstd, RefusesAFrameThatNeedsALargeWindow) {
  const auto dump = full_dump().substr(0, 0x8000);
  const auto frame = [&dump](unsigned window_log) {
    ByteBuilder bytes;
    bytes.u32(0xfd2f'b528).u8(0).u8((window_log - 10) << 3);  // its size is not said
    const auto last_raw_block = dump.size() << 3 | 1;
    return bytes.u16(last_raw_block & 0xffff).u8(last_raw_block >> 16).raw(dump).bytes();
  };
  EXPECT_EQ(Parsed(frame(25)).snapshot().modules.at(0).path, "app.exe");
  EXPECT_EQ(refusal(frame(26)).message(),
            "compressed dump: packed with a window of more than 32 MiB; what 'zstd -d --long=31' "
            "makes of it can be read");
}

TEST(Zstd, RefusesADumpThatClaimsTooMuch) {
  const auto bytes = seekable();
  const auto result =
      Minidump::parse(ByteView(std::string_view(bytes)), Limits{.max_claimed_bytes = 0x20000});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::LimitExceeded);
  EXPECT_THAT(result.error().message(), HasSubstr("and the limit is 131072"));
}

TEST(Zstd, LosesOnlyTheFrameThatIsDamaged) {
  auto bytes = seekable();
  const auto middle =
      SeekableZstdBuilder().add(full_dump().substr(0, 0x10000), kFrameBytes).frames().size();
  for (std::size_t i = 0; i < 8; ++i)
    bytes[middle + 20 + i] = static_cast<char>(~bytes[middle + 20 + i]);
  Parsed parsed(bytes);
  const auto header_bytes = full_dump().size() - 0x20000;
  const auto damaged = 0x10000 - header_bytes;
  EXPECT_EQ(parsed.memory(kBlock + damaged + 10, 10), "");
  EXPECT_EQ(parsed.memory(kBlock + damaged + 10, 10), "");
  EXPECT_EQ(parsed.memory(kBlock + damaged - 10, 10), pattern(0x20000).substr(damaged - 10, 10));
  EXPECT_EQ(parsed.memory(kBlock + damaged + kFrameBytes, 10),
            pattern(0x20000).substr(damaged + kFrameBytes, 10));
  ASSERT_EQ(parsed.notes().size(), 1u);
  EXPECT_THAT(parsed.notes()[0], ::testing::StartsWith("zstd frame at "));
}

TEST(Zstd, RefusesADumpWhoseFirstFrameIsDamaged) {
  auto bytes = seekable();
  bytes[20] = static_cast<char>(~bytes[20]);
  EXPECT_EQ(refusal(bytes).code(), Errc::Malformed);
}

TEST(Zstd, KeepsTheFrontOfAFileThatIsCut) {
  auto bytes = seekable();
  bytes.resize(bytes.size() / 2);
  Parsed parsed(bytes);
  EXPECT_EQ(parsed.snapshot().modules.at(0).path, "app.exe");
  EXPECT_EQ(parsed.memory(kBlock, 100), pattern(100));
  ASSERT_EQ(parsed.notes().size(), 2u);
  EXPECT_THAT(parsed.notes()[0],
              ::testing::StartsWith("compressed dump: ends in the middle, after "));
}

TEST(Zstd, DoesNotBelieveATableAboutTheSizeOfAFrame) {
  const auto dump = full_dump();
  for (const int error : {-1, 1}) {
    SeekableZstdBuilder builder;
    builder.add(dump.substr(0, kFrameBytes), kFrameBytes);
    builder.add_frame(
        test::zstd_frame(dump.substr(kFrameBytes)),
        static_cast<std::uint32_t>(static_cast<int>(dump.size() - kFrameBytes) + error));
    Parsed parsed(builder.finish());
    EXPECT_EQ(parsed.memory(kBlock + 0x10000, 10), "");
    EXPECT_FALSE(parsed.notes().empty());
  }
}

TEST(Zstd, RefusesADumpThatIsCompressedTwice) {
  EXPECT_EQ(refusal(test::zstd_frame(seekable())).message(), "file is compressed twice");
}

TEST(Zstd, NamesWhatIsInAFileThatIsNoDump) {
  EXPECT_EQ(refusal(test::zstd_frame("PAGEDU64")).message(),
            "compressed file: file is a 64-bit kernel dump, and not a minidump");
  EXPECT_EQ(refusal(SeekableZstdBuilder().finish()).message(), "compressed dump: it is empty");
  EXPECT_EQ(refusal(test::zstd_frame("")).message(),
            "compressed dump: nothing in it can be unpacked");
  EXPECT_EQ(refusal("\x28\xb5\x2f\xfd").message(),
            "compressed dump: nothing in it can be unpacked");
}

TEST(Zstd, SaysWhatIsWrongWithTheFirstFrame) {
  auto piece = test::zstd_frame(full_dump());
  piece[6] = '\xff';
  EXPECT_THAT(refusal(piece).message(), StartsWith("compressed dump: damaged from the start: "));
  auto table = seekable();
  table[6] = '\xff';
  EXPECT_THAT(refusal(table).message(), StartsWith("compressed file: "));
  EXPECT_THAT(refusal(table).message(), Not(HasSubstr("empty")));
}

/// A table that is not true is noted, and the frames are read without it.
void expect_read_without_table(const std::string& bytes, std::string_view note) {
  Parsed parsed(bytes);
  EXPECT_EQ(parsed.memory(kBlock, 100), pattern(100));
  ASSERT_FALSE(parsed.notes().empty());
  EXPECT_THAT(parsed.notes()[0], HasSubstr(note));
}

TEST(SeekTable, IsNotBelievedWhenItDoesNotFitTheFile) {
  const auto good = seekable();
  const auto footer = good.size() - kFooterBytes;
  const auto first_entry = SeekableZstdBuilder().add(full_dump(), kFrameBytes).frames().size() + 8;
  const auto patched = [&good](std::size_t offset, std::uint32_t value) {
    return ByteBuilder(good).patch_u32(offset, value).bytes();
  };
  expect_read_without_table(patched(footer, 0xffff'ffff), "frames do not fit in");
  expect_read_without_table(patched(footer, 1), "seek table: no table of 1 frames");
  expect_read_without_table(ByteBuilder(good).patch_u8(footer + 4, 0x04).bytes(), "reserved bits");
  expect_read_without_table(ByteBuilder(good).patch_u8(footer + 4, 0x80).bytes(), "seek table: ");
  expect_read_without_table(patched(first_entry, 0xffff'ffff), "ends behind the table");
  expect_read_without_table(patched(first_entry, 1), "and the table begins at");
  expect_read_without_table(patched(first_entry - 8, 0), "seek table: no table of");
  expect_read_without_table(patched(first_entry - 4, 0), "seek table: no table of");
}

TEST(SeekTable, IsNotReadBehindItsLimitOfFrames) {
  constexpr std::uint32_t kMany = (1 << 20) + 1;
  const auto table = ByteBuilder().u32(0x184d2a5e).u32(kMany * 8 + 9).fill(std::size_t{kMany} * 8);
  const auto bytes = test::zstd_frame(full_dump()) +
                     ByteBuilder(table.bytes()).u32(kMany).u8(0).u32(0x8f92eab1).bytes();
  expect_read_without_table(bytes, "1048577 frames, and the limit is 1048576");
}

TEST(SeekTable, SurvivesTruncationAtEveryLengthOfItself) {
  const auto good = SeekableZstdBuilder().add(full_dump().substr(0, 0x3000), kFrameBytes).finish();
  for (std::size_t size = good.size() - 60; size < good.size(); ++size) {
    EXPECT_TRUE(Minidump::parse(ByteView(std::string_view(good).substr(0, size)),
                                Limits{.max_unpacked_bytes = 1 << 20})
                    .ok());
  }
}

}  // namespace
}  // namespace vigil::minidump
