// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/utf.h"
#include "platform/platform.h"

namespace vigil::platform {
namespace {

namespace fs = std::filesystem;

/// A folder of this test's own, removed at the end. Its name is not ASCII on purpose.
class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / path_from_utf8(std::string("vigil-ö-") + info->name());
    fs::remove_all(folder_);
    ASSERT_TRUE(create_folders(folder_).ok());
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::size_t files_in_folder() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  fs::path folder_;
};

TEST_F(FileTest, WritesAFileWholeAndLeavesNoTemporaryBehind) {
  const auto path = folder_ / path_from_utf8("grüße.txt");
  ASSERT_TRUE(write_file_atomically(path, "one").ok());
  ASSERT_TRUE(write_file_atomically(path, "two").ok());
  EXPECT_EQ(read_file(path, 100).value(), "two");
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(FileTest, KeepsTheOldContentWhenTheTargetIsAFolder) {
  const auto path = folder_ / "folder";
  ASSERT_TRUE(create_folders(path / "inside").ok());
  EXPECT_FALSE(write_file_atomically(path, "text").ok());
  EXPECT_TRUE(fs::is_directory(path));
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(FileTest, SaysThatAMissingFileIsNotFound) {
  const auto file = MappedFile::open(folder_ / "missing");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code(), Errc::NotFound);
  EXPECT_NE(file.error().message().find("missing"), std::string::npos);
}

TEST_F(FileTest, RefusesAFolder) {
  const auto file = MappedFile::open(folder_);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code(), Errc::Malformed);
}

TEST_F(FileTest, MapsAnEmptyFileAsNoBytes) {
  const auto path = folder_ / "empty";
  ASSERT_TRUE(write_file_atomically(path, "").ok());
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->size(), 0u);
}

TEST_F(FileTest, RefusesToReadMoreThanTheLimit) {
  const auto path = folder_ / "five";
  ASSERT_TRUE(write_file_atomically(path, "12345").ok());
  EXPECT_EQ(read_file(path, 4).error().code(), Errc::LimitExceeded);
  EXPECT_TRUE(read_file(path, 5).ok());
}

TEST_F(FileTest, RenamesOverAnExistingFile) {
  ASSERT_TRUE(write_file_atomically(folder_ / "a", "a").ok());
  ASSERT_TRUE(write_file_atomically(folder_ / "b", "b").ok());
  ASSERT_TRUE(rename_durably(folder_ / "a", folder_ / "b").ok());
  EXPECT_EQ(read_file(folder_ / "b", 10).value(), "a");
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(FileTest, TellsTheFreeSpaceOfAVolume) {
  const auto free = free_disk_bytes(folder_);
  ASSERT_TRUE(free.ok());
  EXPECT_GT(*free, 0u);
}

TEST(Folders, KnowsThisProgramsOwnFile) {
  const auto program = current_program();
  ASSERT_TRUE(program.ok());
  EXPECT_NE(utf8_from_path(program->filename()).find("platform_test"), std::string::npos);
}

TEST(Folders, PutsTheDataUnderAFolderOfItsOwn) {
  const auto folder = default_data_folder();
  ASSERT_TRUE(folder.ok());
  EXPECT_EQ(ascii_lower(utf8_from_path(folder->filename())), "vigil");
}

}  // namespace
}  // namespace vigil::platform
