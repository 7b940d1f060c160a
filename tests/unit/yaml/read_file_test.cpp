// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/utf.h"
#include "yaml/yaml.h"

namespace vigil::yaml {
namespace {

namespace fs = std::filesystem;

class ReadFile : public testing::Test {
 protected:
  ReadFile() { fs::create_directories(folder_); }
  ~ReadFile() override { fs::remove_all(folder_); }

  fs::path write(std::string_view name, std::string_view text) {
    const auto path = folder_ / path_from_utf8(name);
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / "vigil_read_file_test";
};

TEST_F(ReadFile, GivesTheBytesAsTheyAre) {
  EXPECT_EQ(read_file(write("a.yaml", "a: 1\r\n"), 100).value(), "a: 1\r\n");
  EXPECT_EQ(read_file(write("größe.yaml", ""), 100).value(), "");
}

TEST_F(ReadFile, RefusesMoreThanTheLimit) {
  EXPECT_TRUE(read_file(write("a", "1234"), 4).ok());
  const auto text = read_file(write("a", "12345"), 4);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code(), Errc::LimitExceeded);
  EXPECT_EQ(text.error().message(), "larger than 4B, which is the limit");
}

TEST_F(ReadFile, TellsAMissingFileFromAFolder) {
  EXPECT_EQ(read_file(folder_ / "none", 4).error().code(), Errc::NotFound);
  EXPECT_EQ(read_file(folder_, 4).error().message(), "is a folder, not a file");
}

}  // namespace
}  // namespace vigil::yaml
