// SPDX-License-Identifier: Apache-2.0
#include "symbols/stored_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf.h"
#include "support/cabinet_builder.h"
#include "symbols/image_finder.h"
#include "symbols/symbols.h"
#include "unit/image/pe_builder.h"
#include "unit/pdb/pdb_support.h"
#include "unit/symbols/temp_folder.h"

namespace vigil::symbols {
namespace {

namespace fs = std::filesystem;
using test::cabinet_of;
using test::TempFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr StoredFile kOrders{"orders.pdb", "ID1"};

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What open_substitute() finds for kOrders under a folder: the content, or "".
class StoredFileTest : public testing::Test {
 protected:
  std::string find(const StoredFile& file = kOrders) {
    refused.clear();
    Folders folders({root.path()});
    std::string content;
    const bool found = open_substitute(folders, file, with_cache ? cache.path() : fs::path(),
                                       refused, [&](const fs::path& path) {
                                         opened.push_back(path);
                                         content = content_of(path);
                                         return content != "of another build";
                                       });
    return found ? content : "";
  }

  TempFolder root, cache;
  bool with_cache = true;
  std::vector<std::string> refused;
  std::vector<fs::path> opened;
};

TEST_F(StoredFileTest, UnpacksACompressedFileOfAStoreOfTwoTiersOrThreeOrByName) {
  for (const auto* name : {"orders.pdb/ID1/orders.pd_", "or/orders.pdb/ID1/orders.pd_",
                           "orders.pd_", "Orders.pdb/id1/ORDERS.PD_"}) {
    const auto file = root.write(name, cabinet_of("orders.pdb", name));
    EXPECT_EQ(find(), name);
    EXPECT_THAT(refused, IsEmpty());
    fs::remove_all(root.path());
    fs::remove_all(cache.path());
    fs::create_directories(root.path());
  }
}

TEST_F(StoredFileTest, UnpacksOnce) {
  const auto file = root.write("orders.pdb/ID1/orders.pd_", cabinet_of("orders.pdb", "symbols"));
  EXPECT_EQ(find(), "symbols");
  root.write("orders.pdb/ID1/orders.pd_", "damaged since");
  EXPECT_EQ(find(), "symbols");
  EXPECT_EQ(utf8_from_path(opened.back().filename()), "orders.pdb");
}

TEST_F(StoredFileTest, DoesNotKeepWhatIsOfAnotherBuild) {
  root.write("orders.pd_", cabinet_of("orders.pdb", "of another build"));
  EXPECT_EQ(find(), "");
  EXPECT_FALSE(fs::exists(opened.back()));
}

TEST_F(StoredFileTest, SaysThatWithoutACacheNothingIsUnpacked) {
  with_cache = false;
  root.write("orders.pdb/ID1/orders.pd_", cabinet_of("orders.pdb", "symbols"));
  EXPECT_EQ(find(), "");
  EXPECT_THAT(refused, ElementsAre(HasSubstr("no symbol cache to unpack it into")));
}

TEST_F(StoredFileTest, SaysWhatIsWrongWithACabinetAndLeavesNothing) {
  root.write("orders.pdb/ID1/orders.pd_",
             "<html>This server has no such file, and says so.</html>");
  EXPECT_EQ(find(), "");
  EXPECT_THAT(refused, ElementsAre(HasSubstr("orders.pd_: cabinet: it does not begin with MSCF")));
  for (const auto& entry : fs::recursive_directory_iterator(cache.path()))
    EXPECT_TRUE(entry.is_directory()) << entry.path();
}

TEST_F(StoredFileTest, FollowsAPointerToALocalFile) {
  const TempFolder elsewhere;
  const auto target = elsewhere.write("real.pdb", "symbols");
  root.write("orders.pdb/ID1/file.ptr", "PATH:" + utf8_from_path(target) + "\r\n");
  EXPECT_EQ(find(), "symbols");
}

TEST_F(StoredFileTest, FollowsAPointerOnlyOnce) {
  const TempFolder elsewhere;
  const auto target = elsewhere.write("real.pdb", "symbols");
  const auto middle = elsewhere.write("file.ptr", "PATH:" + utf8_from_path(target));
  root.write("orders.pdb/ID1/file.ptr", "PATH:" + utf8_from_path(middle));
  EXPECT_EQ(find(), "PATH:" + utf8_from_path(target));
}

TEST_F(StoredFileTest, FollowsNoPointerToAShareOrARelativePath) {
  for (const auto* target : {"\\\\server\\share\\orders.pdb", "orders.pdb", "..\\orders.pdb",
                             "\\\\.\\PhysicalDrive0", "https://example.com/orders.pdb"}) {
    root.write("orders.pdb/ID1/file.ptr", std::string("PATH:") + target);
    EXPECT_EQ(find(), "") << target;
    EXPECT_THAT(refused, ElementsAre(HasSubstr("not on this machine's own disks"))) << target;
  }
  EXPECT_THAT(opened, IsEmpty());
}

TEST_F(StoredFileTest, PassesOnWhyAPointerLeadsNowhere) {
  root.write("orders.pdb/ID1/file.ptr", "MSG: withdrawn\x1b[2J");
  EXPECT_EQ(find(), "");
  EXPECT_THAT(refused, ElementsAre(HasSubstr("says:  withdrawn\uFFFD[2J")));
  root.write("orders.pdb/ID1/file.ptr", "");
  EXPECT_EQ(find(), "");
  EXPECT_THAT(refused, ElementsAre(HasSubstr("names no path")));
  root.write("orders.pdb/ID1/file.ptr", std::string(5000, 'x'));
  EXPECT_EQ(find(), "");
  EXPECT_THAT(refused, ElementsAre(HasSubstr("the limit is 4096")));
}

TEST_F(StoredFileTest, LooksNowhereForNamesThatLeadElsewhere) {
  root.write("orders.pd_", cabinet_of("orders.pdb", "symbols"));
  EXPECT_EQ(find({"../orders.pdb", "ID1"}), "");
  EXPECT_EQ(find({"orders.pdb", ".."}), "");
  EXPECT_EQ(find({"", ""}), "");
  EXPECT_THAT(opened, IsEmpty());
}

TEST(StoredFiles, GiveSymbolsAndImages) {
  const TempFolder root, cache;
  const auto pdb = test::Sample().finish();
  snapshot::Module module;
  module.base = 0x10000;
  module.size = test::PeBuilder::kImageSize;
  module.timestamp = test::PeBuilder::kTimestamp;
  module.path = "C:\\srv\\orders.dll";
  module.debug_file = "orders.pdb";
  module.debug_id = pdb::debug_id(test::OpenPdb(pdb).pdb->identity());
  test::PeBuilder pe;
  pe.section(".text", 0x1000, test::PeBuilder::kCode, "code");
  root.write("orders.pdb/" + module.debug_id + "/orders.pd_", cabinet_of("orders.pdb", pdb));
  root.write("orders.dll/" + module.code_id() + "/orders.dl_", cabinet_of("orders.dll", pe.file()));

  const std::vector<snapshot::Module> modules = {module};
  Library library({.folders = {root.path()}, .index_cache = cache.path()});
  SymbolFiles files(modules, library);
  EXPECT_TRUE(files.locate(0, 0x1100));
  Folders folders({root.path()});
  std::vector<std::string> refused;
  const auto image = ImageFinder(folders, false, cache.path()).find(module, refused);
  ASSERT_TRUE(image.has_value());
  EXPECT_EQ(image->image.at(0x1000, 4).text(), "code");
}

}  // namespace
}  // namespace vigil::symbols
