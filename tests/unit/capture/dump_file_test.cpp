// SPDX-License-Identifier: Apache-2.0
#include "capture/dump_file.h"

#include <chrono>
#include <fstream>
#include <limits>
#include <sstream>

#include <gtest/gtest.h>

#include "base/utf.h"
#include "unit/capture/fakes.h"

namespace vigil::capture {
namespace {

namespace fs = std::filesystem;
using testing::bytes_of;
using testing::noise;

class DumpFileTest : public ::testing::Test {
 protected:
  DumpFileTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    const auto stamp = std::chrono::steady_clock::now().time_since_epoch().count();
    folder_ =
        fs::temp_directory_path() /
        path_from_utf8("vigil-dump-file-" + std::string(test->name()) + std::to_string(stamp));
    fs::create_directories(folder_);
  }
  ~DumpFileTest() override { fs::remove_all(folder_); }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_))
      names.push_back(utf8_from_path(entry.path().filename()));
    return names;
  }
  [[nodiscard]] std::string content(const char* name) const {
    std::ifstream file(folder_ / path_from_utf8(name), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  [[nodiscard]] DumpFile::Options options() const {
    return {.path = folder_ / path_from_utf8("a.dmp")};
  }

  fs::path folder_;
};

TEST_F(DumpFileTest, HasItsNameOnlyWhenComplete) {
  const auto small = noise(1000);
  const auto large = noise(3 << 20);
  {
    auto file = DumpFile::create(options());
    ASSERT_TRUE(file.ok()) << file.error().message();
    for (const auto& text : {small, large, small})
      ASSERT_TRUE(file.value()->write(bytes_of(text)).ok());
    ASSERT_TRUE(file.value()->finish().ok());
    EXPECT_EQ(names(), std::vector<std::string>{"a.dmp.partial"});
    ASSERT_TRUE(file.value()->commit().ok());
    EXPECT_EQ(file.value()->bytes_written(), 2 * small.size() + large.size());
  }
  EXPECT_EQ(names(), std::vector<std::string>{"a.dmp"});
  EXPECT_EQ(content("a.dmp"), small + large + small);
}

TEST_F(DumpFileTest, LeavesNothingBehindWithoutCommit) {
  {
    auto file = DumpFile::create(options());
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file.value()->write(bytes_of(noise(2 << 20))).ok());
  }
  EXPECT_TRUE(names().empty());
}

TEST_F(DumpFileTest, ReplacesNoFile) {
  std::ofstream(options().path) << "precious";
  const auto refused = DumpFile::create(options());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Errc::Busy);
  EXPECT_EQ(content("a.dmp"), "precious");
}

TEST_F(DumpFileTest, ReplacesNoFileThatCameWhileItWrote) {
  {
    auto file = DumpFile::create(options());
    ASSERT_TRUE(file.ok());
    std::ofstream(options().path) << "precious";
    EXPECT_FALSE(file.value()->commit().ok());
  }
  EXPECT_EQ(names(), std::vector<std::string>{"a.dmp"});
  EXPECT_EQ(content("a.dmp"), "precious");
}

TEST_F(DumpFileTest, StartsAnewWhereAnEarlierOneWasCutOff) {
  std::ofstream(folder_ / path_from_utf8("a.dmp.partial")) << "rest of an earlier program";
  auto file = DumpFile::create(options());
  ASSERT_TRUE(file.ok()) << file.error().message();
  ASSERT_TRUE(file.value()->write(bytes_of("new")).ok());
  ASSERT_TRUE(file.value()->finish().ok());
  ASSERT_TRUE(file.value()->commit().ok());
  EXPECT_EQ(content("a.dmp"), "new");
}

TEST_F(DumpFileTest, RefusesWhatWouldNotLeaveEnoughSpace) {
  auto limited = options();
  limited.min_free_bytes = std::numeric_limits<std::uint64_t>::max();
  auto large = options();
  large.expected_bytes = std::numeric_limits<std::uint64_t>::max();
  for (const auto& wanted : {limited, large}) {
    const auto file = DumpFile::create(wanted);
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.error().code(), Errc::DiskFull);
  }
  EXPECT_TRUE(names().empty());
}

TEST_F(DumpFileTest, SaysWhereItCannotBeMade) {
  const auto file = DumpFile::create(
      {.path = folder_ / path_from_utf8("no-such-folder") / path_from_utf8("a.dmp")});
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code(), Errc::NotFound);
  EXPECT_NE(file.error().message().find("no-such-folder"), std::string::npos);
}

TEST_F(DumpFileTest, ReadsBackWhatWasWrittenAndGoesOnAtTheEnd) {
  auto file = PartialFile::create(folder_ / "a.partial");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->write(bytes_of("0123456789")).ok());
  std::vector<std::byte> part(4);
  ASSERT_TRUE(file->read_at(3, part).ok());
  EXPECT_EQ(part, bytes_of("3456"));
  ASSERT_TRUE(file->write(bytes_of("ab")).ok());
  ASSERT_TRUE(file->read_at(8, part).ok());
  EXPECT_EQ(part, bytes_of("89ab"));
  EXPECT_EQ(file->read_at(9, part).error().code(), Errc::Truncated);
  EXPECT_EQ(file->read_at(100, part).error().code(), Errc::Truncated);
}

}  // namespace
}  // namespace vigil::capture
