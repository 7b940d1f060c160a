// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/utf.h"
#include "platform/platform.h"

namespace vigil::platform {
namespace {

namespace fs = std::filesystem;

class OnDemandFileTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / path_from_utf8(std::string("vigil-lazy-") + info->name());
    fs::remove_all(folder_);
    ASSERT_TRUE(create_folders(folder_).ok());
    for (int i = 0; content_.size() < 300'000; ++i) content_ += std::to_string(i) + ',';
    ASSERT_TRUE(write_file_atomically(path(), content_).ok());
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path path() const { return folder_ / "numbers"; }
  [[nodiscard]] static std::string read(OnDemandFile& file, std::uint64_t offset) {
    return std::string(file.view(offset, 100).text());
  }

  fs::path folder_;
  std::string content_;
};

/// Beyond the number of reads after which it is mapped.
TEST_F(OnDemandFileTest, ReadsTheSameBeforeAndAfterItIsMapped) {
  auto file = OnDemandFile::open(path());
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->size(), content_.size());
  for (std::size_t i = 0; i < 500; ++i) {
    const auto offset = i * 7919 % content_.size();
    ASSERT_EQ(read(*file, offset), content_.substr(offset, 100)) << i;
  }
}

TEST_F(OnDemandFileTest, EndsWhereTheFileEnds) {
  auto file = OnDemandFile::open(path());
  ASSERT_TRUE(file.ok());
  for (const bool mapped : {false, true}) {
    ASSERT_TRUE(!mapped || file->bytes().ok());
    EXPECT_EQ(read(*file, content_.size() - 3), content_.substr(content_.size() - 3));
    EXPECT_EQ(read(*file, content_.size()), "");
    EXPECT_EQ(read(*file, ~std::uint64_t{0} - 7), "");
  }
}

TEST_F(OnDemandFileTest, GivesAllBytes) {
  auto file = OnDemandFile::open(path());
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->bytes().value().text(), content_);
  EXPECT_EQ(file->bytes().value().text(), content_);
  EXPECT_EQ(file->modified_ns(), MappedFile::open(path()).value()->modified_ns());
}

TEST_F(OnDemandFileTest, MayBeEmpty) {
  ASSERT_TRUE(write_file_atomically(path(), "").ok());
  auto file = OnDemandFile::open(path());
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(read(*file, 0), "");
  EXPECT_TRUE(file->bytes().value().empty());
  EXPECT_EQ(read(*file, 0), "");
}

TEST_F(OnDemandFileTest, RefusesAFolderAndWhatIsNotThere) {
  EXPECT_EQ(OnDemandFile::open(folder_).error().code(), Errc::Malformed);
  EXPECT_EQ(OnDemandFile::open(folder_ / "missing").error().code(), Errc::NotFound);
}

/// A process may hold few files open: the later ones are mapped from the start.
TEST_F(OnDemandFileTest, MayBeOpenManyTimes) {
  std::vector<OnDemandFile> files;
  for (int i = 0; i < 2'000; ++i) {
    auto file = OnDemandFile::open(path());
    ASSERT_TRUE(file.ok()) << i << ' ' << file.error().message();
    files.push_back(std::move(file).take());
  }
  for (auto& file : files) ASSERT_EQ(read(file, 5), content_.substr(5, 100));
}

}  // namespace
}  // namespace vigil::platform
