// SPDX-License-Identifier: Apache-2.0
#include "pdb/msf.h"

#include <gtest/gtest.h>

#include <string>

#include "support/pdb_builder.h"

namespace vigil::test {
namespace {

using Layout = MsfBuilder::Layout;

std::string numbers(std::size_t count) {
  ByteBuilder out;
  for (std::size_t i = 0; i < count; ++i) out.u32(i);
  return out.bytes();
}

struct OpenMsf {
  explicit OpenMsf(std::string content)
      : bytes(std::move(content)),
        source(ByteView(std::string_view(bytes))),
        msf(pdb::Msf::open(source)) {}
  OpenMsf(const OpenMsf&) = delete;
  OpenMsf& operator=(const OpenMsf&) = delete;

  std::string bytes;
  MemorySource source;
  Result<pdb::Msf> msf;
};

std::string three_streams(std::uint32_t block_size, Layout layout) {
  MsfBuilder builder(block_size, layout);
  builder.stream(numbers(10));
  builder.nil_stream();
  builder.stream(numbers(5000));
  return builder.finish();
}

TEST(Msf, ReadsStreamsOfAnyBlockSizeAndOrder) {
  for (std::uint32_t block_size = 512; block_size <= 65'536; block_size *= 2) {
    for (const auto layout : {Layout::Contiguous, Layout::Backwards}) {
      OpenMsf file(three_streams(block_size, layout));
      ASSERT_TRUE(file.msf.ok()) << block_size;
      EXPECT_EQ(file.msf->stream_count(), 3u);
      EXPECT_EQ(file.msf->stream(0).size(), 40u);
      EXPECT_TRUE(file.msf->stream(1).empty());
      EXPECT_TRUE(file.msf->stream(3).empty());
      const auto stream = file.msf->stream(2);
      ASSERT_EQ(stream.size(), 20'000u);
      pdb::Scratch scratch;
      const auto all = stream.read(0, stream.size(), scratch);
      ASSERT_TRUE(all.ok());
      EXPECT_EQ(all->text(), numbers(5000));
      EXPECT_EQ(*stream.read<std::uint32_t>(4 * 4321), 4321u);
    }
  }
}

TEST(Msf, CopiesNothingThatLiesTogether) {
  OpenMsf file(three_streams(512, Layout::Contiguous));
  pdb::Scratch scratch;
  ASSERT_TRUE(file.msf->stream(2).read(3, 19'000, scratch).ok());
  EXPECT_TRUE(scratch.empty());
}

TEST(Msf, ReadsAValueAcrossTwoBlocks) {
  for (const auto layout : {Layout::Contiguous, Layout::Backwards}) {
    OpenMsf file(three_streams(512, layout));
    EXPECT_EQ(*file.msf->stream(2).read<std::uint32_t>(510), 128u << 16 | 0u);
    EXPECT_EQ(*file.msf->stream(2).part(2, 1000).read<std::uint32_t>(508), 128u << 16);
  }
}

TEST(Msf, RefusesToReadBehindTheEnd) {
  OpenMsf file(three_streams(512, Layout::Contiguous));
  pdb::Scratch scratch;
  const auto stream = file.msf->stream(2);
  EXPECT_EQ(stream.read(19'999, 2, scratch).error().code(), Errc::Truncated);
  EXPECT_EQ(stream.read(~0ull, 2, scratch).error().code(), Errc::Truncated);
  EXPECT_EQ(stream.read<std::uint32_t>(20'000).error().code(), Errc::Truncated);
  EXPECT_EQ(stream.run(20'000, 1).error().code(), Errc::Truncated);
  EXPECT_EQ(stream.part(8, 4).read<std::uint32_t>(1).error().code(), Errc::Truncated);
  EXPECT_EQ(stream.part(30'000, 4).size(), 0u);
  EXPECT_EQ(pdb::Stream().read<std::uint32_t>(0).error().code(), Errc::Truncated);
  EXPECT_EQ(pdb::Stream().c_string(0, 10).error().code(), Errc::Truncated);
}

TEST(Msf, FindsTheEndOfAStringInAnotherBlock) {
  MsfBuilder builder(512, Layout::Backwards);
  builder.stream(std::string(1200, 'x') + '\0' + "rest");
  OpenMsf file(builder.finish());
  const auto stream = file.msf->stream(0);
  EXPECT_EQ(*stream.c_string(10, 5000), std::string(1190, 'x'));
  EXPECT_EQ(stream.c_string(10, 1190).error().code(), Errc::LimitExceeded);
  EXPECT_EQ(stream.c_string(1202, 100).error().code(), Errc::Truncated);
}

TEST(Msf, ReadsFromFrontToBack) {
  const std::string all = numbers(5000);
  for (const auto layout : {Layout::Contiguous, Layout::Backwards}) {
    OpenMsf file(three_streams(512, layout));
    pdb::StreamReader reader(file.msf->stream(2));
    for (std::uint32_t i = 0; i + 8 <= 20'000; i += 6) {
      const auto bytes = reader.at(i, 8);
      ASSERT_TRUE(bytes.ok());
      ASSERT_EQ(bytes->text(), std::string_view(all).substr(i, 8)) << i;
    }
    EXPECT_EQ(reader.at(19'998, 4).error().code(), Errc::Truncated);
    EXPECT_EQ(reader.at(20'001, 0)->size(), 0u);
  }
}

TEST(Msf, ReadsADirectoryWhoseListNeedsSeveralBlocks) {
  MsfBuilder builder(512, Layout::Backwards);
  for (int i = 0; i < 40'000; ++i) builder.stream(i % 100 == 0 ? "x" : "");
  OpenMsf file(builder.finish());
  ASSERT_TRUE(file.msf.ok());
  EXPECT_EQ(file.msf->stream_count(), 40'000u);
  EXPECT_EQ(*file.msf->stream(39'900).read<char>(0), 'x');
}

// Every error path follows.

std::string patched(std::size_t offset, std::uint32_t value) {
  return ByteBuilder(three_streams(512, Layout::Contiguous)).patch_u32(offset, value).bytes();
}

TEST(Msf, RefusesBlockSizesThatAreNoPowerOfTwoInTheLimits) {
  for (const std::uint32_t size : {0u, 1u, 256u, 513u, 131'072u, 0xffff'ffffu}) {
    OpenMsf file(patched(MsfBuilder::kBlockSizeField, size));
    EXPECT_EQ(file.msf.error().code(), Errc::Malformed) << size;
  }
}

TEST(Msf, RefusesADirectoryLargerThanTheFile) {
  OpenMsf file(patched(MsfBuilder::kDirectorySizeField, 0x7fff'ffff));
  EXPECT_EQ(file.msf.error().code(), Errc::Truncated);
}

TEST(Msf, RefusesADirectoryLargerThanTheHeaderCanName) {
  MsfBuilder builder(512);
  builder.stream(std::string(9'000'000, 'x'));
  std::string bytes = builder.finish();
  OpenMsf file(ByteBuilder(bytes).patch_u32(MsfBuilder::kDirectorySizeField, 8'000'000).bytes());
  EXPECT_EQ(file.msf.error().code(), Errc::Malformed);
}

TEST(Msf, RefusesADirectoryThatIsOutsideOfTheFile) {
  OpenMsf file(patched(MsfBuilder::kBlockMapField, 0xffff'ffff));
  EXPECT_EQ(file.msf.error().code(), Errc::Truncated);
}

TEST(Msf, RefusesAnEmptyDirectory) {
  OpenMsf file(patched(MsfBuilder::kDirectorySizeField, 0));
  EXPECT_EQ(file.msf.error().code(), Errc::Truncated);
}

TEST(Msf, RefusesMoreStreamsThanTheDirectoryHolds) {
  std::string bytes = three_streams(512, Layout::Contiguous);
  const std::size_t directory = bytes.size() - 2 * 512;
  OpenMsf file(ByteBuilder(bytes).patch_u32(directory, 0x3fff'ffff).bytes());
  EXPECT_EQ(file.msf.error().code(), Errc::Truncated);
}

TEST(Msf, HasNoStreamThatIsLargerThanTheFile) {
  std::string bytes = three_streams(512, Layout::Contiguous);
  const std::size_t directory = bytes.size() - 2 * 512;
  OpenMsf file(ByteBuilder(bytes).patch_u32(directory + 4, 0xffff'fffe).bytes());
  ASSERT_TRUE(file.msf.ok());
  EXPECT_TRUE(file.msf->stream(0).empty());
}

TEST(Msf, FailsToReadWhereABlockIsOutsideOfTheFile) {
  std::string bytes = three_streams(512, Layout::Contiguous);
  const std::size_t lists = bytes.size() - 2 * 512 + 4 + 3 * 4;
  OpenMsf file(ByteBuilder(bytes).patch_u32(lists + 8, 0xffff'fff0).bytes());
  ASSERT_TRUE(file.msf.ok());
  pdb::Scratch scratch;
  EXPECT_TRUE(file.msf->stream(2).read(0, 512, scratch).ok());
  EXPECT_EQ(file.msf->stream(2).read(0, 513, scratch).error().code(), Errc::Truncated);
  EXPECT_EQ(file.msf->stream(2).read<char>(512).error().message(),
            "block 4294967280 is outside of the file");
}

TEST(Msf, FailsToReadWhereTheDirectoryEnds) {
  std::string bytes = three_streams(512, Layout::Contiguous);
  const std::size_t directory = bytes.size() - 2 * 512;
  // The second stream has no blocks, so the third's are taken for those of the first.
  OpenMsf file(ByteBuilder(bytes).patch_u32(directory + 4, 20'000).bytes());
  ASSERT_TRUE(file.msf.ok());
  EXPECT_TRUE(file.msf->stream(0).read<char>(0).ok());
  EXPECT_EQ(file.msf->stream(2).read<char>(19'999).error().code(), Errc::Truncated);
}

}  // namespace
}  // namespace vigil::test
