// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/translation.h"

#include <string>

#include <gtest/gtest.h>

#include "kerneldump/paged_memory.h"
#include "support/byte_builder.h"

namespace vigil::kerneldump {
namespace {

/// Physical memory from page 0 on, as a full dump without a header has it.
class MadeMemory {
 public:
  explicit MadeMemory(std::uint64_t pages) : bytes_(std::string(pages * 0x1000, '\0')) {}

  MadeMemory& entry(std::uint64_t table, std::uint64_t index, std::uint64_t value) {
    bytes_.patch_u64(table + index * 8, value);
    return *this;
  }
  MadeMemory& entry32(std::uint64_t table, std::uint64_t index, std::uint32_t value) {
    bytes_.patch_u32(table + index * 4, value);
    return *this;
  }
  std::optional<std::uint64_t> translate(Paging paging, std::uint64_t root, std::uint64_t address) {
    MemorySource source{ByteView(bytes_.bytes())};
    RunPages pages({{0, bytes_.bytes().size() / 0x1000}}, 0);
    Physical physical(source, pages);
    Translator translator(physical, paging, root);
    const auto mapping = translator.translate(address);
    return mapping ? std::optional(mapping->physical) : std::nullopt;
  }

 private:
  test::ByteBuilder bytes_;
};

constexpr std::uint64_t kAddress = 0xfffff80000201234;  // indexes 0x1f0, 0, 1, 1

MadeMemory four_levels() {
  MadeMemory memory(16);
  memory.entry(0x1000, 0x1f0, 0x2063).entry(0x2000, 0, 0x3063).entry(0x3000, 1, 0x4063);
  return memory;
}

TEST(Translation, FollowsFourLevels) {
  auto memory = four_levels();
  memory.entry(0x4000, 1, 0x8000000000007063);
  EXPECT_EQ(memory.translate(Paging::Amd64FourLevels, 0x1002, kAddress), 0x7234U);
  EXPECT_EQ(memory.translate(Paging::Amd64FourLevels, 0x1000, kAddress + 0x1000), std::nullopt);
  EXPECT_EQ(memory.translate(Paging::Amd64FourLevels, 0x1000, 0x0000f80000201234), std::nullopt);
}

TEST(Translation, FollowsFiveLevels) {
  auto memory = four_levels();
  memory.entry(0x4000, 1, 0x7063).entry(0x5000, 0x1ff, 0x1063);
  EXPECT_EQ(memory.translate(Paging::Amd64FiveLevels, 0x5000, kAddress), 0x7234U);
}

TEST(Translation, KnowsLargePages) {
  auto memory = four_levels();
  memory.entry(0x3000, 1, 0x4000e3).entry(0x2000, 1, 0x400000e3);
  EXPECT_EQ(memory.translate(Paging::Amd64FourLevels, 0x1000, kAddress), 0x401234U);
  EXPECT_EQ(memory.translate(Paging::Amd64FourLevels, 0x1000, 0xfffff80051234567), 0x51234567U);
}

TEST(Translation, FollowsPagesInTransition) {
  auto memory = four_levels();
  memory.entry(0x4000, 1, 0x7880).entry(0x4000, 2, 0x200000008880 & ~0x10U);
  EXPECT_EQ(memory.translate(Paging::Amd64FourLevels, 0x1000, kAddress), 0x7234U);
  // Its frame was turned over against the L1 terminal fault.
  EXPECT_EQ(memory.translate(Paging::Amd64FourLevels, 0x1000, kAddress + 0x1000), 0x8234U);
}

TEST(Translation, FollowsPrototypes) {
  auto memory = four_levels();
  // The prototype lies at offset 0x88 of the page that index 3 of the table maps.
  const auto prototype_at = (kAddress & ~0xfffULL) + 0x2000 + 0x88;
  memory.entry(0x4000, 3, 0x9063).entry(0x9000, 0x11, 0x7063);
  memory.entry(0x4000, 1, prototype_at << 16 | 0x400);
  EXPECT_EQ(memory.translate(Paging::Amd64FourLevels, 0x1000, kAddress), 0x7234U);
}

TEST(Translation, EndsWhereAPrototypeLeadsToItself) {
  auto memory = four_levels();
  const auto page = kAddress & ~0xfffULL;
  memory.entry(0x4000, 1, page << 16 | 0x400);
  EXPECT_EQ(memory.translate(Paging::Amd64FourLevels, 0x1000, kAddress), std::nullopt);
}

TEST(Translation, EndsWhereTablesLeadToThemselves) {
  MadeMemory memory(4);
  for (std::uint64_t i = 0; i < 512; ++i) memory.entry(0x1000, i, 0x1063);
  EXPECT_EQ(memory.translate(Paging::Amd64FourLevels, 0x1000, kAddress), 0x1234U);
}

TEST(Translation, DoesNotTakePagedOutForPresent) {
  auto memory = four_levels();
  memory.entry(0x4000, 1, 0x0001234500000080);
  EXPECT_EQ(memory.translate(Paging::Amd64FourLevels, 0x1000, kAddress), std::nullopt);
}

TEST(Translation, FollowsPae) {
  MadeMemory memory(16);
  memory.entry(0x1020, 2, 0x2001).entry(0x2000, 1, 0x3063).entry(0x3000, 1, 0x7063);
  memory.entry(0x2000, 2, 0x4000e3).entry(0x3000, 2, 0x5880);
  memory.entry(0x3000, 3, std::uint64_t{0x80200ff8} << 32 | 0x400).entry(0x3000, 0, 0x9063);
  memory.entry(0x9000, 0x1ff, 0xa063);
  EXPECT_EQ(memory.translate(Paging::X86Pae, 0x1020, 0x80201234), 0x7234U);
  EXPECT_EQ(memory.translate(Paging::X86Pae, 0x1020, 0x80400567), 0x400567U);
  EXPECT_EQ(memory.translate(Paging::X86Pae, 0x1020, 0x80202008), 0x5008U);
  EXPECT_EQ(memory.translate(Paging::X86Pae, 0x1020, 0x80203010), 0xa010U);
  EXPECT_EQ(memory.translate(Paging::X86Pae, 0x1020, 0xc0000000), std::nullopt);
  EXPECT_EQ(memory.translate(Paging::X86Pae, 0x1020, 0x180201234), std::nullopt);
}

TEST(Translation, FollowsTwoLevels) {
  MadeMemory memory(16);
  memory.entry32(0x1000, 0x200, 0x2063).entry32(0x2000, 5, 0x7063).entry32(0x1000, 0x201, 0x8000e3);
  EXPECT_EQ(memory.translate(Paging::X86, 0x1000, 0x80005123), 0x7123U);
  EXPECT_EQ(memory.translate(Paging::X86, 0x1000, 0x80412345), 0x812345U);
  EXPECT_EQ(memory.translate(Paging::X86, 0x1000, 0x80006123), std::nullopt);
}

TEST(Translation, FollowsArm64) {
  MadeMemory memory(16);
  memory.entry(0x1000, 0x1f0, 0x2003).entry(0x2000, 0, 0x3003).entry(0x3000, 1, 0x4003);
  memory.entry(0x4000, 1, 0x60000000007703).entry(0x3000, 2, 0x400701);
  EXPECT_EQ(memory.translate(Paging::Arm64, 0x1000, kAddress), 0x7234U);
  EXPECT_EQ(memory.translate(Paging::Arm64, 0x1000, 0xfffff80000412345), 0x412345U);
  EXPECT_EQ(memory.translate(Paging::Arm64, 0x1000, 0xfffff80000601234), std::nullopt);
}

TEST(PagedMemory, JoinsPagesThatLieApartInTheFile) {
  test::ByteBuilder bytes(std::string(10 * 0x1000, '\0'));
  bytes.patch_u64(0x1000 + 0x1f0 * 8, 0x2063).patch_u64(0x2000, 0x3063);
  bytes.patch_u64(0x3000, 0x4063);
  bytes.patch_u64(0x4000, 0x9063).patch_u64(0x4008, 0x7063).patch_u64(0x4018, 0x8063);
  bytes.patch_u64(0x9ff8, 0x1111111111111111).patch_u64(0x7000, 0x2222222222222222);
  MemorySource source{ByteView(bytes.bytes())};
  RunPages pages({{0, 10}}, 0);
  PagedMemory memory(source, pages, Paging::Amd64FourLevels, 0x1000);
  EXPECT_EQ(memory.read<std::uint64_t>(0xfffff80000000ffc), 0x2222222211111111U);
  // It ends where the page behind is missing.
  EXPECT_EQ(memory.at(0xfffff80000000000, 0x10000).size(), 0x2000U);
  EXPECT_EQ(memory.at(0xfffff80000002000, 1).size(), 0U);
  EXPECT_EQ(memory.at(0xfffff80000003ff0, ~std::uint64_t{0}).size(), 0x10U);
}

}  // namespace
}  // namespace vigil::kerneldump
