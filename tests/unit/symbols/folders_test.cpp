// SPDX-License-Identifier: Apache-2.0
#include "symbols/folders.h"

#include <gtest/gtest.h>

#include "unit/symbols/temp_folder.h"

namespace vigil::symbols {
namespace {

class FoldersTest : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path find(std::initializer_list<std::string_view> names) {
    return folders.find(folder.path(), names);
  }

  test::TempFolder folder;
  Folders folders{{folder.path()}};
};

TEST_F(FoldersTest, FindsAFileByItsName) {
  const auto path = folder.write("orders.pdb/1F/orders.pdb", "x");
  EXPECT_EQ(find({"orders.pdb", "1F", "orders.pdb"}), path);
  EXPECT_EQ(find({"orders.pdb", "2F", "orders.pdb"}), std::filesystem::path());
}

TEST_F(FoldersTest, TakesUpperAndLowerCaseForTheSame) {
  const auto path = folder.write("Orders.pdb/1F/ORDERS.PDB", "x");
  EXPECT_TRUE(std::filesystem::equivalent(find({"orders.PDB", "1f", "orders.pdb"}), path));
}

TEST_F(FoldersTest, GivesNoFolders) {
  folder.write("orders.pdb/1F/orders.pdb", "x");
  EXPECT_EQ(find({"orders.pdb"}), std::filesystem::path());
  EXPECT_EQ(find({"ORDERS.pdb"}), std::filesystem::path());
  EXPECT_EQ(find({"orders.pdb", "1F"}), std::filesystem::path());
}

TEST_F(FoldersTest, FindsOtherFilesOnceAFolderHasBeenRead) {
  const auto a = folder.write("a.dll", "x");
  const auto b = folder.write("b.dll", "x");
  EXPECT_EQ(find({"missing.dll"}), std::filesystem::path());
  EXPECT_EQ(find({"a.dll"}), a);
  EXPECT_EQ(find({"b.dll"}), b);
}

TEST_F(FoldersTest, LeadsNowhereElse) {
  folder.write("in/a.dll", "x");
  EXPECT_EQ(folders.find(folder.path() / "in", {"..", "in", "a.dll"}), std::filesystem::path());
  EXPECT_EQ(find({"in/a.dll"}), std::filesystem::path());
  EXPECT_EQ(find({""}), std::filesystem::path());
}

#ifndef _WIN32
TEST_F(FoldersTest, PrefersTheNameAsItIsSpelled) {
  folder.write("A.dll", "x");
  const auto path = folder.write("a.dll", "x");
  folder.write("A.DLL", "x");
  EXPECT_EQ(find({"missing.dll"}), std::filesystem::path());
  EXPECT_EQ(find({"a.dll"}), path);
  EXPECT_EQ(find({"a.DLL"}), folder.path() / "A.DLL") << "the first in the order of bytes";
}
#endif

}  // namespace
}  // namespace vigil::symbols
