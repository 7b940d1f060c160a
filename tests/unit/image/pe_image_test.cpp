// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "unit/image/image_support.h"
#include "unit/image/pe_builder.h"

namespace vigil::image {
namespace {

using test::OpenImage;
using test::PeBuilder;
using namespace std::string_literals;

PeBuilder two_sections() {
  PeBuilder pe;
  pe.section(".text", 0x1000, PeBuilder::kCode, std::string(0x234, '\x90'));
  pe.section(".rdata", 0x2000, PeBuilder::kReadOnly, "read only data\0end"s);
  return pe;
}

/// A valid file with \p value put at \p offset.
std::string damaged(std::size_t offset, std::uint64_t value, std::size_t width) {
  test::ByteBuilder bytes(two_sections().file());
  for (std::size_t i = 0; i < width; ++i) bytes.patch_u8(offset + i, value >> (8 * i) & 0xff);
  return bytes.bytes();
}

Errc error_of(const std::string& bytes) {
  const OpenImage image(bytes, Layout::File);
  return image.image.ok() ? Errc::Internal : image.image.error().code();
}

TEST(PeImage, ReadsTheHeadersOfA64BitFile) {
  const OpenImage open(two_sections().file(), Layout::File);
  ASSERT_TRUE(open.image.ok());
  const Header& header = open.image->header();
  EXPECT_EQ(header.machine, Machine::Amd64);
  EXPECT_EQ(header.timestamp, PeBuilder::kTimestamp);
  EXPECT_EQ(header.size_of_image, PeBuilder::kImageSize);
  EXPECT_EQ(header.size_of_headers, PeBuilder::kHeaderBytes);
  EXPECT_EQ(header.checksum, 0xabcdu);
  EXPECT_EQ(header.entry_point, 0x1010u);
  EXPECT_EQ(header.preferred_base, 0x180000000u);
  EXPECT_TRUE(header.dll);
}

TEST(PeImage, ReadsTheHeadersOfA32BitFile) {
  PeBuilder pe(PeBuilder::kX86);
  pe.section(".text", 0x1000, PeBuilder::kCode, "code").directory(0, 0x1234, 56);
  const OpenImage open(pe.file(), Layout::File);
  ASSERT_TRUE(open.image.ok());
  EXPECT_EQ(open.image->header().machine, Machine::X86);
  EXPECT_EQ(open.image->header().preferred_base, 0x10000000u);
  EXPECT_EQ(open.image->header().size_of_image, PeBuilder::kImageSize);
  EXPECT_EQ(open.image->directory(Directory::Exports).rva, 0x1234u);
  ASSERT_EQ(open.image->sections().size(), 1u);
  EXPECT_EQ(open.image->at(0x1000, 4).text(), "code");
}

TEST(PeImage, FindsASectionByAddressWithinIt) {
  const OpenImage open(two_sections().file(), Layout::File);
  ASSERT_TRUE(open.image.ok());
  EXPECT_EQ(open.image->find_section(0xfff), nullptr);
  EXPECT_EQ(open.image->find_section(0x1000)->name, ".text");
  EXPECT_EQ(open.image->find_section(0x1233)->name, ".text");
  EXPECT_EQ(open.image->find_section(0x1234), nullptr);
  EXPECT_TRUE(open.image->is_code(0x1000));
  EXPECT_FALSE(open.image->is_code(0x2000));
}

TEST(PeImage, FindsSectionsInAnyOrderAndPassesOverThoseInsideOthers) {
  PeBuilder pe;
  pe.section("inside", 0x1001, PeBuilder::kReadOnly, "x");
  pe.section("high", 0x1010, PeBuilder::kReadOnly, "high");
  pe.section("empty", 0x1002, PeBuilder::kReadOnly, "");
  pe.section("low", 0x1000, PeBuilder::kCode, "low");
  const OpenImage open(pe.file(), Layout::File);
  ASSERT_TRUE(open.image.ok());
  EXPECT_EQ(open.image->find_section(0x1001)->name, "low");
  EXPECT_EQ(open.image->find_section(0x1002)->name, "low");
  EXPECT_EQ(open.image->find_section(0x1003), nullptr);
  EXPECT_EQ(open.image->find_section(0x1013)->name, "high");
  EXPECT_EQ(open.image->find_section(0x1'0000'1000), nullptr);
}

TEST(PeImage, GivesTheSameBytesFromAFileAndFromMemory) {
  const OpenImage file(two_sections().file(), Layout::File);
  const OpenImage mapped(two_sections().mapped(), Layout::Mapped);
  ASSERT_TRUE(file.image.ok() && mapped.image.ok());
  EXPECT_EQ(file.image->at(0x2000, 4).text(), "read");
  EXPECT_EQ(mapped.image->at(0x2000, 4).text(), "read");
  EXPECT_EQ(file.image->at(0, 2).text(), "MZ");
}

TEST(PeImage, EndsASectionOfAFileWhereItEndsInMemory) {
  const OpenImage open(two_sections().file(), Layout::File);
  ASSERT_TRUE(open.image.ok());
  EXPECT_EQ(open.image->at(0x200f, 100).text(), "end");
  EXPECT_TRUE(open.image->at(0x2012, 1).empty());
  EXPECT_TRUE(open.image->at(0x3000, 1).empty());
}

TEST(PeImage, RoundsTheFileOffsetOfASectionDownAsTheLoaderDoes) {
  constexpr std::size_t kPointerToRawData = PeBuilder::kSections + 20;
  const OpenImage open(damaged(kPointerToRawData, 0x401, 4), Layout::File);
  ASSERT_TRUE(open.image.ok());
  EXPECT_EQ(open.image->sections()[0].file_offset, 0x400u);
}

TEST(PeImage, ReadsAStringAcrossChunks) {
  PeBuilder pe;
  const std::string text(200, 'x');
  pe.section(".rdata", 0x1000, PeBuilder::kReadOnly, "..." + text + '\0');
  const OpenImage open(pe.mapped());
  ASSERT_TRUE(open.image.ok());
  EXPECT_EQ(open.image->string_at(0x1003, 201), text);
  EXPECT_EQ(open.image->string_at(0x1003, 200), std::nullopt);
  EXPECT_EQ(open.image->prefix_at(0x1003, 200), text);
  EXPECT_EQ(open.image->prefix_at(0x1003, 70), text.substr(0, 70));
  EXPECT_EQ(open.image->prefix_at(0x1003, 1000), text);
  EXPECT_EQ(open.image->string_at(PeBuilder::kImageSize, 10), std::nullopt);
}

TEST(PeImage, IgnoresDirectoriesBehindTheOptionalHeader) {
  PeBuilder pe = two_sections();
  pe.directory(3, 0x2000, 12).directory(6, 0x2000, 28);
  test::ByteBuilder bytes(pe.file());
  bytes.patch_u32(PeBuilder::kDirectoryCount, 4);
  const OpenImage open(bytes.bytes(), Layout::File);
  ASSERT_TRUE(open.image.ok());
  EXPECT_EQ(open.image->directory(Directory::Exceptions).size, 12u);
  EXPECT_EQ(open.image->directory(Directory::Debug).size, 0u);
}

// Every error path follows.

TEST(PeImage, RefusesAFileThatDoesNotStartWithMz) {
  EXPECT_EQ(error_of(damaged(0, 0x4d5a, 2)), Errc::Malformed);
}

TEST(PeImage, RefusesAFileWithoutPeSignature) {
  EXPECT_EQ(error_of(damaged(PeBuilder::kSignature, 0, 4)), Errc::Malformed);
}

TEST(PeImage, RefusesAHeaderOutsideTheFile) {
  EXPECT_EQ(error_of(damaged(PeBuilder::kNewHeader, 0xffff'fffe, 4)), Errc::Truncated);
}

TEST(PeImage, RefusesAnOptionalHeaderOfUnknownKind) {
  EXPECT_EQ(error_of(damaged(PeBuilder::kOptionalMagic, 0x107, 2)), Errc::Malformed);
}

TEST(PeImage, RefusesMoreSectionsThanTheLimit) {
  EXPECT_EQ(error_of(damaged(PeBuilder::kSectionCount, 513, 2)), Errc::LimitExceeded);
}

TEST(PeImage, RefusesASectionTableThatDoesNotFit) {
  EXPECT_EQ(error_of(damaged(PeBuilder::kSectionCount, 100, 2)), Errc::Truncated);
}

TEST(PeImage, NamesItselfInItsErrors) {
  const OpenImage open("MZ"s, Layout::File);
  ASSERT_FALSE(open.image.ok());
  EXPECT_EQ(open.image.error().message(), "image: needs 4 bytes at offset 0x3c and has 2 in all");
}

TEST(PeImage, SurvivesTruncationAtEveryLength) {
  const std::string whole = two_sections().file();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const OpenImage open(whole.substr(0, size), Layout::File);
    if (open.image.ok()) test::read_everything(*open.image);
  }
}

TEST(PeImage, SurvivesEveryHeaderFieldAtItsExtremes) {
  for (std::size_t offset = 0; offset < PeBuilder::kSections + 80; offset += 2) {
    for (const std::uint32_t value : std::array<std::uint32_t, 4>{0, 1, 0x7fff'ffff, 0xffff'ffff}) {
      const OpenImage open(damaged(offset, value, 4), Layout::File);
      if (open.image.ok()) test::read_everything(*open.image);
    }
  }
}

}  // namespace
}  // namespace vigil::image
