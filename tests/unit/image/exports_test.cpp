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

constexpr std::uint32_t kBase = 0x3000;  // of the export section
constexpr std::uint32_t kFunctions = 40, kNames = 60, kIndexes = 72, kStrings = 80;

/// Ordinals 5 to 9: code with two names (Alpha and Beta), data (Value), a forwarder, nothing, and
/// code without a name.
ByteBuilder exports() {
  ByteBuilder out;
  out.u32(0).u32(0).u16(0).u16(0).u32(0).u32(5).u32(5).u32(3);
  out.u32(kBase + kFunctions).u32(kBase + kNames).u32(kBase + kIndexes);
  out.u32(0x1100).u32(0x2000).u32(kBase + kStrings + 17).u32(0).u32(0x1080);
  out.u32(kBase + kStrings).u32(kBase + kStrings + 6).u32(kBase + kStrings + 11);
  out.u16(0).u16(0).u16(1).u16(0);
  out.c_string("Alpha").c_string("Beta").c_string("Value").c_string("NTDLL.RtlThing");
  return out;
}

PeBuilder builder(const ByteBuilder& directory) {
  PeBuilder pe;
  pe.section(".text", 0x1000, PeBuilder::kCode, std::string(0x200, '\xcc'));
  pe.section(".data", 0x2000, PeBuilder::kReadOnly, std::string(16, '\0'));
  pe.section(".edata", kBase, PeBuilder::kReadOnly, directory.bytes());
  pe.directory(0, kBase, directory.size());
  return pe;
}

std::string damaged(std::size_t offset, std::uint32_t value) {
  ByteBuilder directory = exports();
  directory.patch_u32(offset, value);
  return builder(directory).mapped();
}

Errc error_of(const std::string& bytes) {
  const OpenImage open(bytes);
  const auto table = ExportTable::read(open.image.value());
  return table.ok() ? Errc::Internal : table.error().code();
}

TEST(ExportTable, NamesTheCodeAtAnAddressAndAboveIt) {
  const OpenImage open(builder(exports()).mapped());
  const auto table = ExportTable::read(open.image.value());
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->nearest_code(0x1100)->name, "Alpha");
  EXPECT_EQ(table->nearest_code(0x11ff)->name, "Alpha");
  EXPECT_EQ(table->nearest_code(0x11ff)->rva, 0x1100u);
  EXPECT_EQ(table->nearest_code(0x10ff)->ordinal, 9u);
  EXPECT_EQ(table->nearest_code(0x10ff)->name, "");
}

TEST(ExportTable, NeverNamesCodeAfterDataOrAForwarder) {
  const OpenImage open(builder(exports()).mapped());
  const auto table = ExportTable::read(open.image.value());
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->nearest_code(0x107f), std::nullopt);
  EXPECT_EQ(table->nearest_code(0x9000)->name, "Alpha");
}

TEST(ExportTable, ListsAllExportsByAddress) {
  const OpenImage open(builder(exports()).file(), Layout::File);
  const auto table = ExportTable::read(open.image.value());
  ASSERT_TRUE(table.ok());
  ASSERT_EQ(table->size(), 4u);
  EXPECT_EQ(table->at(0).ordinal, 9u);
  EXPECT_EQ(table->at(1).name, "Alpha");
  EXPECT_EQ(table->at(2).name, "Value");
  EXPECT_EQ(table->at(3).forwarder, "NTDLL.RtlThing");
  EXPECT_EQ(table->at(3).rva, 0u);
}

TEST(ExportTable, KeepsAnExportWhoseNameIsOutsideTheImage) {
  const OpenImage open(damaged(kNames, 0xffff'ff00));
  const auto table = ExportTable::read(open.image.value());
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->nearest_code(0x1100)->ordinal, 5u);
  EXPECT_EQ(table->nearest_code(0x1100)->name, "");
}

TEST(ExportTable, KeepsTheFunctionsWhenTheNamesDoNotFit) {
  const OpenImage open(damaged(24, 0x8000));
  const auto table = ExportTable::read(open.image.value());
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->size(), 4u);
  EXPECT_EQ(table->nearest_code(0x1100)->name, "");
}

TEST(ExportTable, IgnoresANameOfNoFunction) {
  ByteBuilder directory = exports();
  directory.patch_u16(kIndexes, 0xffff);
  const OpenImage open(builder(directory).mapped());
  const auto table = ExportTable::read(open.image.value());
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->nearest_code(0x1100)->name, "Beta");
  EXPECT_EQ(find_export(*open.image, "Alpha"), std::nullopt);
}

TEST(ExportTable, SaysWhatReadingItCosts) {
  const OpenImage open(builder(exports()).mapped());
  EXPECT_EQ(count_exports(*open.image).value(), 5u + 3u);
  const OpenImage without_names(damaged(24, 0x8000));
  EXPECT_EQ(count_exports(*without_names.image).value(), 5u);
}

TEST(FindExport, FindsNamesAsTheLoaderDoes) {
  const OpenImage open(builder(exports()).mapped());
  const auto& image = open.image.value();
  EXPECT_EQ(find_export(image, "Alpha")->rva, 0x1100u);
  EXPECT_EQ(find_export(image, "Beta")->rva, 0x1100u);
  EXPECT_EQ(find_export(image, "Value")->ordinal, 6u);
  EXPECT_EQ(find_export(image, "Alph"), std::nullopt);
  EXPECT_EQ(find_export(image, "Alphas"), std::nullopt);
  EXPECT_EQ(find_export(image, ""), std::nullopt);
}

// Every error path follows.

TEST(ExportTable, SaysWhenThereAreNoExports) {
  PeBuilder pe = builder(exports());
  pe.directory(0, 0, 0);
  EXPECT_EQ(error_of(pe.mapped()), Errc::NotFound);
}

TEST(ExportTable, RefusesADirectoryOutsideTheImage) {
  PeBuilder pe = builder(exports());
  pe.directory(0, 0xffff'ffff, 40);
  EXPECT_EQ(error_of(pe.mapped()), Errc::Truncated);
}

TEST(ExportTable, RefusesFunctionsOutsideTheImage) {
  EXPECT_EQ(error_of(damaged(28, 0xffff'ffff)), Errc::Truncated);
}

TEST(ExportTable, RefusesMoreFunctionsThanTheLimit) {
  EXPECT_EQ(error_of(damaged(20, 0x10001)), Errc::LimitExceeded);
}

TEST(ExportTable, SurvivesEveryFieldAtItsExtremes) {
  for (std::size_t offset = 0; offset < kStrings - 4; ++offset) {
    for (const std::uint32_t value : {0u, 1u, 0x7fff'ffffu, 0xffff'ffffu}) {
      const OpenImage open(damaged(offset, value));
      test::read_everything(open.image.value());
    }
  }
}

TEST(ExportTable, SurvivesTruncationAtEveryLength) {
  const std::string whole = builder(exports()).file();
  for (std::size_t size = PeBuilder::kHeaderBytes; size < whole.size(); ++size) {
    const OpenImage open(whole.substr(0, size), Layout::File);
    test::read_everything(open.image.value());
  }
}

}  // namespace
}  // namespace vigil::image
