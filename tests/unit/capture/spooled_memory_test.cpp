// SPDX-License-Identifier: Apache-2.0
#include "capture/spooled_memory.h"

#include <chrono>

#include <gtest/gtest.h>

#include "base/utf.h"
#include "unit/capture/fakes.h"

namespace vigil::capture {
namespace {

namespace fs = std::filesystem;
using testing::FakeMemory;
using testing::noise;
using Ranges = std::vector<MemoryRange>;

/// A target of which each read takes a second.
class SlowMemory final : public TargetMemory {
 public:
  [[nodiscard]] bool read(std::uint64_t address, std::span<std::byte> out) override {
    now += std::chrono::seconds(1);
    return beneath.read(address, out);
  }
  FakeMemory beneath;
  Microseconds now{};
};

class SpooledMemoryTest : public ::testing::Test {
 protected:
  SpooledMemoryTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    const auto stamp = std::chrono::steady_clock::now().time_since_epoch().count();
    folder_ = fs::temp_directory_path() /
              path_from_utf8("vigil-spool-" + std::string(test->name()) + std::to_string(stamp));
    fs::create_directories(folder_);
    slow_.beneath.write(0x1000, text_);
  }
  ~SpooledMemoryTest() override { fs::remove_all(folder_); }

  [[nodiscard]] std::unique_ptr<SpooledMemory> spool() const {
    auto made = SpooledMemory::create(folder_ / "orders.dmp");
    if (!made.ok()) ADD_FAILURE() << made.error().message();
    return std::move(made).take();
  }
  [[nodiscard]] SpooledMemory::Budget budget(std::chrono::seconds limit) {
    return {.elapsed = [this] { return slow_.now; }, .limit = limit};
  }
  [[nodiscard]] static std::string read(TargetMemory& memory,
                                        std::uint64_t address,
                                        std::size_t size) {
    std::string text(size, '?');
    if (!memory.read(address, std::as_writable_bytes(std::span(text)))) return "(not there)";
    return text;
  }

  fs::path folder_;
  SlowMemory slow_;
  std::string text_ = noise(0x4000);
  const Ranges pieces_ = {{0x3000, 0x1000}, {0x1000, 0x1000}, {0x2000, 0x1000}, {0x4000, 0x1000}};
};

TEST_F(SpooledMemoryTest, HoldsAllWhereThereIsTime) {
  const auto memory = spool();
  ASSERT_TRUE(memory->fill(slow_, pieces_, budget(std::chrono::seconds(10))).ok());
  EXPECT_TRUE(memory->is_complete());
  EXPECT_EQ(memory->ranges(), (Ranges{{0x1000, 0x4000}}));
  EXPECT_EQ(read(*memory, 0x1800, 0x2000), text_.substr(0x800, 0x2000));
  EXPECT_EQ(read(*memory, 0x1000, 0x4000), text_);
  EXPECT_EQ(memory->unreadable_bytes(), 0u);
}

TEST_F(SpooledMemoryTest, StopsWhenTheTimeIsUpWithWhatItHas) {
  const auto memory = spool();
  ASSERT_TRUE(memory->fill(slow_, pieces_, budget(std::chrono::seconds(2))).ok());
  EXPECT_FALSE(memory->is_complete());
  EXPECT_EQ(slow_.now, std::chrono::seconds(2));
  EXPECT_EQ(memory->ranges(), (Ranges{{0x1000, 0x1000}, {0x3000, 0x1000}}));
  EXPECT_EQ(read(*memory, 0x3000, 0x1000), text_.substr(0x2000, 0x1000));
  EXPECT_EQ(read(*memory, 0x2000, 1), "(not there)");
  EXPECT_EQ(read(*memory, 0x1800, 0x1000), "(not there)");
}

TEST_F(SpooledMemoryTest, TakesTheFirstPieceWhenThereWasNoTimeLeft) {
  slow_.now = std::chrono::seconds(3);
  const auto memory = spool();
  ASSERT_TRUE(memory->fill(slow_, pieces_, budget(std::chrono::seconds(2))).ok());
  EXPECT_FALSE(memory->is_complete());
  EXPECT_EQ(memory->ranges(), (Ranges{{0x3000, 0x1000}}));
}

TEST_F(SpooledMemoryTest, ZeroesWhatCannotBeReadAndCountsIt) {
  slow_.beneath.remove_page(0x2000);
  const auto memory = spool();
  ASSERT_TRUE(memory->fill(slow_, pieces_, budget(std::chrono::seconds(100))).ok());
  EXPECT_EQ(memory->unreadable_bytes(), 0x1000u);
  EXPECT_EQ(read(*memory, 0x2000, 0x1000), std::string(0x1000, '\0'));
}

TEST_F(SpooledMemoryTest, GivesUpWhenItIsTold) {
  std::stop_source source;
  source.request_stop();
  auto wanted = budget(std::chrono::seconds(100));
  wanted.cancel = source.get_token();
  const auto filled = spool()->fill(slow_, pieces_, wanted);
  ASSERT_FALSE(filled.ok());
  EXPECT_EQ(filled.error().code(), Errc::Cancelled);
}

TEST_F(SpooledMemoryTest, LeavesSpaceOnTheDisk) {
  auto wanted = budget(std::chrono::seconds(100));
  wanted.min_free_bytes = std::uint64_t{1} << 62;
  const auto filled = spool()->fill(slow_, pieces_, wanted);
  ASSERT_FALSE(filled.ok());
  EXPECT_EQ(filled.error().code(), Errc::DiskFull);
}

TEST_F(SpooledMemoryTest, LeavesNoFileBehind) {
  {
    const auto memory = spool();
    ASSERT_TRUE(memory->fill(slow_, pieces_, budget(std::chrono::seconds(100))).ok());
    EXPECT_FALSE(fs::is_empty(folder_));
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

}  // namespace
}  // namespace vigil::capture
