// SPDX-License-Identifier: Apache-2.0
#include "symbols/image_finder.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "symbols/file_names.h"
#include "unit/image/pe_builder.h"
#include "unit/symbols/temp_folder.h"

namespace vigil::symbols {
namespace {

using test::PeBuilder;
using test::TempFolder;

std::string image_bytes() {
  PeBuilder pe;
  pe.section(".text", 0x1000, PeBuilder::kCode, "code");
  return pe.file();
}

snapshot::Module module_at(std::string path) {
  snapshot::Module module;
  module.path = std::move(path);
  module.timestamp = PeBuilder::kTimestamp;
  module.size = PeBuilder::kImageSize;
  return module;
}

std::optional<ImageFile> find(const TempFolder& folder,
                              const snapshot::Module& module,
                              std::vector<std::string>& refused) {
  Folders folders({folder.path()});
  return ImageFinder(folders, false).find(module, refused);
}

TEST(ImageFinder, FindsAFileByNameInAnyCase) {
  const TempFolder folder;
  const auto file = folder.write("Orders.DLL", image_bytes());
  std::vector<std::string> refused;
  const auto found = find(folder, module_at("C:\\srv\\ORDERS.dll"), refused);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(std::filesystem::equivalent(found->path, file));
  EXPECT_EQ(found->image.at(0x1000, 4).text(), "code");
}

TEST(ImageFinder, FindsAFileInASymbolStore) {
  const TempFolder folder;
  const auto file = folder.write("orders.dll/5F00123410000/orders.dll", image_bytes());
  folder.write("orders.dll/5F00123510000/orders.dll", "another build");
  std::vector<std::string> refused;
  const auto found = find(folder, module_at("C:\\srv\\Orders.dll"), refused);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(std::filesystem::equivalent(found->path, file));
  EXPECT_TRUE(refused.empty());
}

TEST(ImageFinder, GoesOnToTheNextFolder) {
  const TempFolder first, second;
  first.write("orders.dll", "not an image");
  second.write("orders.dll", image_bytes());
  std::vector<std::string> refused;
  Folders folders({first.path(), "/no such folder", second.path()});
  ImageFinder finder(folders, false);
  EXPECT_TRUE(finder.find(module_at("orders.dll"), refused).has_value());
  EXPECT_EQ(refused.size(), 1u);
}

TEST(ImageFinder, RefusesAnotherBuildAndSaysSo) {
  const TempFolder folder;
  folder.write("orders.dll", image_bytes());
  auto module = module_at("orders.dll");
  module.timestamp = 0x5f001235;
  std::vector<std::string> refused;
  EXPECT_FALSE(find(folder, module, refused).has_value());
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_TRUE(
      refused[0].ends_with("is another build: 5F00123410000, and the dump has 5F00123510000"));
  module = module_at("orders.dll");
  module.size += 0x1000;
  EXPECT_FALSE(find(folder, module, refused).has_value());
}

TEST(ImageFinder, FindsNothingForNamesThatLeadElsewhere) {
  const TempFolder folder;
  folder.write("inside/x", "");
  std::vector<std::string> refused;
  for (const std::string name : {"", "..", ".", "C:\\srv\\..", "C:\\srv\\", "nul", "a:b"}) {
    EXPECT_FALSE(find(folder, module_at(name), refused).has_value());
  }
  EXPECT_TRUE(refused.empty());
}

TEST(IsLocalFilePath, TakesFilesOnDrives) {
  EXPECT_TRUE(is_local_file_path("C:\\Windows\\System32\\ntdll.dll"));
  EXPECT_TRUE(is_local_file_path("z:\\a"));
  EXPECT_TRUE(is_local_file_path("C:\\Program Files\\Böse & Söhne\\combase.dll"));
  EXPECT_TRUE(is_local_file_path("C:\\com\\lpt.dll"));
}

TEST(IsLocalFilePath, RefusesSharesDevicesAndWhatIsRelative) {
  for (const auto* path : {"",
                           "ntdll.dll",
                           "C:",
                           "C:\\",
                           "C:a.dll",
                           "\\Windows\\a.dll",
                           "\\\\server\\share\\a.dll",
                           "\\\\?\\C:\\a.dll",
                           "\\\\.\\pipe\\a",
                           "\\??\\C:\\a.dll",
                           "//server/share/a.dll",
                           "C:/a.dll",
                           "C:\\a/b.dll",
                           "C:\\a\\\\b.dll",
                           "C:\\a\\..\\b.dll",
                           "C:\\a.dll:stream",
                           "C:\\a*.dll",
                           "C:\\a\nb",
                           "C:\\NUL",
                           "C:\\dir\\con.dll",
                           "C:\\COM1",
                           "C:\\lpt9.txt",
                           "C:\\com\xc2\xb9.dll",
                           "C:\\aux .x",
                           "1:\\a.dll",
                           "C:\\conin$"}) {
    EXPECT_FALSE(is_local_file_path(path)) << path;
  }
}

}  // namespace
}  // namespace vigil::symbols
