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

constexpr std::uint32_t kBase = 0x2000;

ByteBuilder entry(std::uint32_t type, std::uint32_t rva) {
  ByteBuilder out;
  return out.u32(0).u32(0).u32(0).u32(type).u32(0x100).u32(rva).u32(0);
}

ByteBuilder rsds() {
  ByteBuilder out;
  out.raw("RSDS").u32(0x01234567).u16(0x89ab).u16(0xcdef);
  for (int i = 0; i < 8; ++i) out.u8(0xf0 + static_cast<unsigned>(i));
  return out.u32(0x1b).c_string("d:\\out\\app.pdb");
}

std::string image_with(const ByteBuilder& debug, std::size_t directory_bytes) {
  PeBuilder pe;
  pe.section(".rdata", kBase, PeBuilder::kReadOnly, debug.bytes());
  pe.directory(6, kBase, directory_bytes);
  return pe.mapped();
}

TEST(DebugDirectory, ReadsAnRsdsRecordAsSymbolStoresWriteIt) {
  const auto debug = entry(2, kBase + 28).raw(rsds().bytes());
  const OpenImage open(image_with(debug, 28));
  const auto found = read_codeview(open.image.value());
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->debug_id, "0123456789ABCDEFF0F1F2F3F4F5F6F71b");
  EXPECT_EQ(found->debug_file, "d:\\out\\app.pdb");
}

TEST(DebugDirectory, ReadsAnOlderNb10Record) {
  const auto debug =
      entry(2, kBase + 28).raw("NB10").u32(0).u32(0x3b7d84aa).u32(0x1f).c_string("old.pdb");
  const OpenImage open(image_with(debug, 28));
  EXPECT_EQ(read_codeview(open.image.value())->debug_id, "3B7D84AA1f");
  EXPECT_EQ(read_codeview(open.image.value())->debug_file, "old.pdb");
}

TEST(DebugDirectory, SkipsEntriesOfOtherKinds) {
  const auto debug = entry(4, kBase).raw(entry(2, kBase + 56).bytes()).raw(rsds().bytes());
  const OpenImage open(image_with(debug, 56));
  EXPECT_TRUE(read_codeview(open.image.value()).has_value());
}

TEST(DebugDirectory, KeepsTheIdWhenThePathIsCutOff) {
  PeBuilder pe;
  const auto record = rsds().bytes().substr(0, 24);
  pe.section(".rdata", kBase, PeBuilder::kReadOnly, entry(2, PeBuilder::kImageSize - 24).bytes());
  pe.section(".last", PeBuilder::kImageSize - 24, PeBuilder::kReadOnly, record);
  pe.directory(6, kBase, 28);
  const OpenImage open(pe.mapped());
  EXPECT_EQ(read_codeview(open.image.value())->debug_id, "0123456789ABCDEFF0F1F2F3F4F5F6F71b");
  EXPECT_EQ(read_codeview(open.image.value())->debug_file, "");
}

TEST(DebugDirectory, FindsNothingWithoutARecord) {
  EXPECT_FALSE(read_codeview(OpenImage(image_with(entry(2, 0xffff'ffff), 28)).image.value()));
  EXPECT_FALSE(read_codeview(OpenImage(image_with(entry(2, kBase), 28)).image.value()));
  EXPECT_FALSE(read_codeview(OpenImage(image_with(entry(2, kBase), 0)).image.value()));
  EXPECT_FALSE(read_codeview(OpenImage(image_with(entry(9, kBase), 0xffff'ffff)).image.value()));
}

std::optional<bool> reproducible(const std::string& bytes) {
  const OpenImage open(bytes);
  return is_reproducible(open.image.value());
}

TEST(DebugDirectory, TellsAReproducibleBuildByItsEntry) {
  const auto with = entry(2, kBase + 56).raw(entry(16, 0).bytes());
  EXPECT_EQ(reproducible(image_with(with, 56)), true);
  EXPECT_EQ(reproducible(image_with(entry(2, kBase + 28), 28)), false);
}

TEST(DebugDirectory, DoesNotTellWhatItDoesNotHaveWhole) {
  EXPECT_EQ(reproducible(image_with(entry(2, kBase), 0)), std::nullopt);
  PeBuilder pe;
  pe.section(".rdata", PeBuilder::kImageSize - 28, PeBuilder::kReadOnly, entry(2, 0).bytes());
  pe.directory(6, PeBuilder::kImageSize - 28, 56);
  EXPECT_EQ(reproducible(pe.mapped()), std::nullopt);
}

}  // namespace
}  // namespace vigil::image
