// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/physical.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "made_header.h"

namespace vigil::kerneldump {
namespace {

using testing::HasSubstr;

/// A file of a header and what stands behind it.
struct File {
  explicit File(std::string all)
      : bytes(std::move(all)), source(ByteView(std::string_view(bytes))) {
    auto read = read_header(source, diagnostics);
    if (read.ok()) header = std::move(read).take();
  }
  std::string bytes;
  MemorySource source;
  Diagnostics diagnostics;
  Header header;
};

TEST(RunPages, CountsOnFromRunToRun) {
  RunPages pages({{0x1, 0x9f}, {0x100, 0x160}}, 0x2000);
  EXPECT_EQ(pages.offset_of(0), std::nullopt);
  EXPECT_EQ(pages.offset_of(1), 0x2000U);
  EXPECT_EQ(pages.offset_of(0x9f), 0x2000U + 0x9e * 0x1000);
  EXPECT_EQ(pages.offset_of(0xa0), std::nullopt);
  EXPECT_EQ(pages.offset_of(0x100), 0x2000U + 0x9f * 0x1000);
  EXPECT_EQ(pages.offset_of(0x25f), 0x2000U + (0x9f + 0x15f) * 0x1000);
  EXPECT_EQ(pages.offset_of(0x260), std::nullopt);
  EXPECT_EQ(pages.count(), 0x1ffU);
  EXPECT_EQ(pages.end(), 0x2000U + 0x1ff * 0x1000);
}

TEST(RunPages, TakesRangesInAnyOrder) {
  RunPages pages({{0x500, 2}, {0x10, 1}}, 0x3000);
  EXPECT_EQ(pages.offset_of(0x501), 0x4000U);
  EXPECT_EQ(pages.offset_of(0x10), 0x5000U);
}

TEST(RunPages, DoesNotCountBeyondWhatAddressesHave) {
  RunPages pages({{0, std::uint64_t{1} << 40}, {5, std::uint64_t{1} << 40}}, 0x2000);
  EXPECT_EQ(pages.count(), std::uint64_t{1} << 40);
}

/// A bitmap dump of \p bits, the first page of which lies at 0x40000.
std::string bitmap_dump(const std::string& bitmap, std::uint64_t bits, std::uint64_t present) {
  auto header = made_header64(6);
  header.raw("SDMP").raw("DUMP").u32(1).seek(0x2020);
  header.u64(0x40000).u64(present).u64(bits).raw(bitmap);
  return std::string(header.bytes());
}

TEST(BitmapPages, RanksEveryPageAsCountingDoes) {
  constexpr std::uint64_t kBits = 3 * BitmapPages::kBitsPerRank + 77;
  std::string bitmap((kBits + 7) / 8, '\0');
  std::map<std::uint64_t, std::uint64_t> expected;
  std::uint64_t state = 0x9e3779b97f4a7c15, present = 0;
  for (std::uint64_t pfn = 0; pfn < kBits; ++pfn) {
    state = state * 6364136223846793005 + 1442695040888963407;
    if (state >> 62 != 0) continue;
    bitmap[pfn / 8] = static_cast<char>(bitmap[pfn / 8] | 1 << (pfn % 8));
    expected[pfn] = 0x40000 + present++ * 0x1000;
  }
  File file(bitmap_dump(bitmap, kBits, present));
  auto pages = open_pages(file.source, file.header, file.diagnostics);
  ASSERT_TRUE(pages.ok()) << pages.error().message();
  // Backwards, so that the index is asked for its end first.
  for (auto pfn = kBits + 20; pfn-- > 0;) {
    const auto found = expected.find(pfn);
    const auto offset = (*pages)->offset_of(pfn);
    if (found == expected.end()) {
      ASSERT_EQ(offset, std::nullopt) << pfn;
    } else {
      ASSERT_EQ(offset, found->second) << pfn;
    }
  }
  EXPECT_EQ((*pages)->count(), present);
}

TEST(BitmapPages, RefusesABitmapThatReachesIntoThePages) {
  File file(bitmap_dump("\xff", 8 * 0x40000, 8));
  const auto pages = open_pages(file.source, file.header, file.diagnostics);
  ASSERT_FALSE(pages.ok());
  EXPECT_EQ(pages.error().code(), Errc::Malformed);
}

TEST(BitmapPages, RefusesMorePagesThanItsLimit) {
  File file(bitmap_dump("\xff", std::uint64_t{1} << 40, 8));
  const auto pages = open_pages(file.source, file.header, file.diagnostics);
  ASSERT_FALSE(pages.ok());
  EXPECT_EQ(pages.error().code(), Errc::LimitExceeded);
}

TEST(BitmapPages, UsesWhatIsThereOfABitmapThatIsCutOff) {
  File file(bitmap_dump("\x05", 800, 100));
  auto pages = open_pages(file.source, file.header, file.diagnostics);
  ASSERT_TRUE(pages.ok()) << pages.error().message();
  EXPECT_EQ((*pages)->offset_of(2), 0x41000U);
  EXPECT_EQ((*pages)->offset_of(8), std::nullopt);
  EXPECT_THAT(file.diagnostics.notes(), testing::Contains(HasSubstr("1 of 100 bytes")));
}

std::string range_dump(std::uint32_t type, std::uint64_t metadata) {
  auto header = made_header64(type);
  header.u32(0x40).raw("RDMP").raw("DUMP").u32(0).u64(metadata).u64(0x3000);
  header.seek(0x2030).u64(0x100).u64(2).u64(0x80).u64(1).u64(0).u64(0).seek(0x3000);
  header.fill(3 * 0x1000);
  return std::string(header.bytes());
}

TEST(RangePages, FollowTheirOrderInTheFile) {
  for (const std::uint32_t type : {8U, 9U, 10U}) {
    File file(range_dump(type, 0x3000 - 0x2020));
    auto pages = open_pages(file.source, file.header, file.diagnostics);
    ASSERT_TRUE(pages.ok()) << pages.error().message();
    EXPECT_EQ((*pages)->offset_of(0x101), 0x4000U);
    EXPECT_EQ((*pages)->offset_of(0x80), 0x5000U);
    EXPECT_EQ((*pages)->offset_of(0x81), std::nullopt);
    EXPECT_TRUE(file.diagnostics.notes().empty());
  }
}

TEST(RangePages, NotesSizesThatDisagree) {
  File file(range_dump(8, 17));
  const auto pages = open_pages(file.source, file.header, file.diagnostics);
  ASSERT_TRUE(pages.ok());
  EXPECT_THAT(file.diagnostics.notes(), testing::Contains(HasSubstr("disagree")));
}

TEST(OpenPages, RefusesATypeThatNobodyKnows) {
  File file(std::string(made_header64(77).bytes()));
  const auto pages = open_pages(file.source, file.header, file.diagnostics);
  ASSERT_FALSE(pages.ok());
  EXPECT_THAT(pages.error().message(), HasSubstr("0x4d"));
}

}  // namespace
}  // namespace vigil::kerneldump
