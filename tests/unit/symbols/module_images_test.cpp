// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "symbols/symbols.h"
#include "unit/image/pe_builder.h"
#include "unit/symbols/temp_folder.h"
#include "unit/unwind/fake_process.h"

namespace vigil::symbols {
namespace {

using test::ByteBuilder;
using test::FakeMemory;
using test::PeBuilder;
using test::TempFolder;

constexpr std::uint64_t kBase = 0x7ff6'0000'0000;

PeBuilder builder(const std::string& code = "code") {
  ByteBuilder table;
  table.u32(0x1000).u32(0x1100).u32(0x3000);
  PeBuilder pe;
  pe.section(".text", 0x1000, PeBuilder::kCode, code);
  pe.section(".pdata", 0x2000, PeBuilder::kReadOnly, table.bytes());
  return pe.directory(3, 0x2000, table.size());
}

std::vector<snapshot::Module> one_module() {
  snapshot::Module module;
  module.base = kBase;
  module.size = PeBuilder::kImageSize;
  module.timestamp = PeBuilder::kTimestamp;
  module.path = "C:\\srv\\orders.dll";
  return {module};
}

TEST(ModuleImages, ReadsTheImageFromTheDump) {
  const auto modules = one_module();
  FakeMemory memory;
  memory.add(kBase, builder().mapped());
  Library library({});
  ModuleImages images(modules, memory, library);
  const auto* image = images.image(0);
  ASSERT_NE(image, nullptr);
  EXPECT_EQ(image->at(0x1000, 4).text(), "code");
  EXPECT_EQ(images.state(0).origin, ImageOrigin::Dump);
  EXPECT_TRUE(images.state(0).file.empty());
  EXPECT_EQ(images.image(0), image);
}

TEST(ModuleImages, OpensImagesUpToALimitOfSections) {
  constexpr std::uint32_t kSections = 512, kFirst = 0x8000;
  constexpr std::size_t kFitting = ModuleImages::kMaxSections / kSections;
  PeBuilder pe;
  for (std::uint32_t i = 0; i < kSections; ++i)
    pe.section(".x", kFirst + i, PeBuilder::kReadOnly, "");
  const auto bytes = pe.mapped();
  FakeMemory memory;
  std::vector<snapshot::Module> modules;
  for (std::size_t i = 0; i < kFitting + 2; ++i) {
    modules.push_back(one_module().front());
    modules.back().base += i * PeBuilder::kImageSize;
    memory.add(modules.back().base, bytes);
  }
  Library library({});
  ModuleImages images(modules, memory, library);
  for (std::size_t i = 0; i < modules.size(); ++i)
    ASSERT_EQ(images.image(i) != nullptr, i < kFitting) << i;
  EXPECT_EQ(images.left_out(), 2u);
  EXPECT_EQ(images.state(kFitting).origin, ImageOrigin::None);
}

TEST(ModuleImages, ReadsTheImageFromAFile) {
  const TempFolder folder;
  const auto file = folder.write("orders.dll", builder().file());
  const auto modules = one_module();
  FakeMemory memory;
  Library library({.folders = {folder.path()}});
  ModuleImages images(modules, memory, library);
  const auto* image = images.image(0);
  ASSERT_NE(image, nullptr);
  EXPECT_TRUE(image->find_function(0x1010).has_value());
  EXPECT_EQ(images.state(0).origin, ImageOrigin::File);
  EXPECT_EQ(images.state(0).file, file);
}

TEST(ModuleImages, FillsTheHolesOfTheDumpFromAFile) {
  const TempFolder folder;
  folder.write("orders.dll", builder().file());
  const auto modules = one_module();
  FakeMemory memory;
  memory.add(kBase, builder().mapped().substr(0, 0x1000));  // the headers only
  Library library({.folders = {folder.path()}});
  ModuleImages images(modules, memory, library);
  const auto* image = images.image(0);
  ASSERT_NE(image, nullptr);
  EXPECT_EQ(images.state(0).origin, ImageOrigin::Dump);
  EXPECT_TRUE(image->find_function(0x1010).has_value());
  EXPECT_EQ(image->at(0x1000, 4).text(), "code");
}

TEST(ModuleImages, TrustsTheFileWhereTheDumpHasButAFewBytes) {
  const TempFolder folder;
  folder.write("orders.dll", builder("from file").file());
  const auto modules = one_module();
  FakeMemory memory;
  memory.add(kBase + 0x1000, "from dump");
  Library library({.folders = {folder.path()}});
  ModuleImages images(modules, memory, library);
  ASSERT_NE(images.image(0), nullptr);
  EXPECT_EQ(images.image(0)->at(0x1000, 9).text(), "from file");
}

TEST(ModuleImages, UsesAFileWhenTheHeadersInMemoryWereErased) {
  const TempFolder folder;
  folder.write("orders.dll", builder().file());
  const auto modules = one_module();
  FakeMemory memory;
  memory.add(kBase, std::string(0x1000, '\0'));
  Library library({.folders = {folder.path()}});
  ModuleImages images(modules, memory, library);
  ASSERT_NE(images.image(0), nullptr);
  EXPECT_EQ(images.state(0).origin, ImageOrigin::File);
}

TEST(ModuleImages, HasNothingWhenThereIsNothing) {
  const TempFolder folder;
  folder.write("orders.dll", "MZ");
  const auto modules = one_module();
  FakeMemory memory;
  Library library({.folders = {folder.path()}});
  ModuleImages images(modules, memory, library);
  EXPECT_EQ(images.image(0), nullptr);
  EXPECT_EQ(images.state(0).origin, ImageOrigin::None);
  ASSERT_EQ(images.state(0).refused.size(), 1u);
}

TEST(ModuleImages, NeverReadsBehindTheModule) {
  const auto modules = one_module();
  FakeMemory memory;
  memory.add(kBase, builder().mapped() + std::string(64, 'x'));
  Library library({});
  ModuleImages images(modules, memory, library);
  ASSERT_NE(images.image(0), nullptr);
  EXPECT_TRUE(images.image(0)->at(PeBuilder::kImageSize, 4).empty());
  EXPECT_EQ(images.image(0)->at(PeBuilder::kImageSize - 2, 4).size(), 2u);
}

}  // namespace
}  // namespace vigil::symbols
