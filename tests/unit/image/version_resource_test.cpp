// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "unit/image/image_support.h"
#include "unit/image/pe_builder.h"

namespace vigil::image {
namespace {

using test::ByteBuilder;
using test::OpenImage;
using test::PeBuilder;

constexpr std::uint32_t kBase = 0x2000, kDirectory = 0x8000'0000, kData = 0x80;

void put_directory(ByteBuilder& out, std::uint32_t id, std::uint32_t offset) {
  out.u32(0).u32(0).u32(0).u16(0).u16(1).u32(id).u32(offset);
}

/// Types at 0, names at 24, languages at 48, the data entry at 72, the version at kData.
ByteBuilder resources() {
  ByteBuilder out;
  put_directory(out, 16, kDirectory | 24);
  put_directory(out, 1, kDirectory | 48);
  put_directory(out, 0x409, 72);
  out.u32(kBase + kData).u32(92).u32(0).u32(0).seek(kData);
  out.u16(92).u16(52).u16(0).utf16("VS_VERSION_INFO").u16(0).u16(0);
  out.u32(0xfeef04bd).u32(0x10000).u32(0x000a0001).u32(0x4f7c0002).fill(36);
  return out;
}

/// A block of the version: its key, its value of \p value_length units, and the blocks inside.
std::string block(std::string_view key,
                  std::size_t value_length,
                  bool text,
                  const std::string& rest) {
  ByteBuilder out;
  out.u16(0).u16(value_length).u16(text ? 1 : 0).utf16(key).u16(0).align(4).raw(rest);
  return out.patch_u16(0, out.size()).align(4).bytes();
}

std::string text(std::string_view key, std::string_view value) {
  ByteBuilder words;
  words.utf16(value).u16(0);
  return block(key, value.size() + 1, true, words.bytes());
}

ByteBuilder resources_of(const std::string& company) {
  const auto strings = text("Comments", "abc") + text("CompanyName", company) + text("Name", "x");
  const auto table = block("StringFileInfo", 0, true, block("040904B0", 0, true, strings));
  const auto variables = block("VarFileInfo", 0, true, text("Translation", "en"));
  ByteBuilder out;
  put_directory(out, 16, kDirectory | 24);
  put_directory(out, 1, kDirectory | 48);
  put_directory(out, 0x409, 72);
  ByteBuilder fixed;
  fixed.u32(0xfeef04bd).u32(0x10000).u32(0x000a0001).u32(0x4f7c0002).fill(36);
  const auto root =
      block("VS_VERSION_INFO", fixed.size(), false, fixed.bytes() + variables + table);
  return out.u32(kBase + kData).u32(root.size()).u32(0).u32(0).seek(kData).raw(root);
}

std::string image_with(const ByteBuilder& bytes) {
  PeBuilder pe;
  pe.section(".rsrc", kBase, PeBuilder::kReadOnly, bytes.bytes());
  pe.directory(2, kBase, bytes.size());
  return pe.file();
}

std::optional<std::string> version_of(const ByteBuilder& bytes) {
  const OpenImage open(image_with(bytes), Layout::File);
  return read_file_version(open.image.value());
}

TEST(VersionResource, GivesTheFixedFileVersion) {
  EXPECT_EQ(version_of(resources()), "10.1.20348.2");
}

TEST(VersionResource, IsAbsentInAnImageWithoutOne) {
  ByteBuilder other = resources();
  other.patch_u32(16, 3);  // icons
  EXPECT_EQ(version_of(other), std::nullopt);
}

TEST(VersionResource, IsAbsentWhenALevelIsALeafTooEarly) {
  ByteBuilder flat = resources();
  flat.patch_u32(20, 72);
  EXPECT_EQ(version_of(flat), std::nullopt);
}

TEST(VersionResource, EndsInADirectoryThatLeadsToItself) {
  ByteBuilder loop = resources();
  loop.patch_u32(20, kDirectory).patch_u32(44, kDirectory).patch_u32(68, kDirectory);
  EXPECT_EQ(version_of(loop), std::nullopt);
}

TEST(VersionResource, IsAbsentWithoutTheSignature) {
  ByteBuilder unsigned_block = resources();
  unsigned_block.patch_u32(kData + 40, 0);
  EXPECT_EQ(version_of(unsigned_block), std::nullopt);
}

std::optional<std::string> company_of(const ByteBuilder& bytes) {
  const OpenImage open(image_with(bytes), Layout::File);
  return read_company(open.image.value());
}

TEST(VersionResource, GivesTheCompanyAmongItsStrings) {
  EXPECT_EQ(company_of(resources_of("Contoso Ltd.")), "Contoso Ltd.");
  EXPECT_EQ(version_of(resources_of("Contoso Ltd.")), "10.1.20348.2");
}

TEST(VersionResource, HasNoCompanyWithoutStrings) {
  EXPECT_EQ(company_of(resources()), std::nullopt);
  ByteBuilder flat = resources();
  flat.patch_u32(20, 72);
  EXPECT_EQ(company_of(flat), std::nullopt);
}

TEST(VersionResource, EndsWhereABlockClaimsToBeEmpty) {
  const auto whole = resources_of("Contoso");
  for (std::size_t offset = kData; offset + 2 <= whole.size(); offset += 2) {
    for (const std::uint32_t value : {0u, 1u, 6u, 0x7fffu, 0xffffu}) {
      ByteBuilder bytes = whole;
      bytes.patch_u16(offset, value);
      const auto company = company_of(bytes);
      EXPECT_LE(company.value_or("").size(), std::size_t{0xffff});
    }
  }
}

TEST(VersionResource, SurvivesEveryFieldAtItsExtremes) {
  for (std::size_t offset = 0; offset < kData + 52; ++offset) {
    for (const std::uint32_t value : {0u, 0x7fff'ffffu, 0x8000'0000u, 0xffff'ffffu}) {
      ByteBuilder bytes = resources();
      bytes.patch_u32(offset, value);
      (void)version_of(bytes);
    }
  }
}

}  // namespace
}  // namespace vigil::image
