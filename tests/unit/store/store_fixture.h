// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/store.h"

/// A store of its own for every test, and valid values that a test changes only where it differs.
namespace vigil::store {

inline constexpr Timestamp kNoon{1'795'000'000'000'000};
inline constexpr Microseconds kSecond{1'000'000};
inline constexpr Microseconds kMinute{60'000'000};
inline constexpr Microseconds kJoinWindow{10'000'000};
inline constexpr std::uint32_t kAccessViolation = 0xc0000005;

class TempFolder {
 public:
  TempFolder() {
    // Every commit waits for the disk; in memory the tests run ten times as fast.
    const std::filesystem::path memory = "/dev/shm";
    std::random_device random;
    path_ = (std::filesystem::is_directory(memory) ? memory
                                                   : std::filesystem::path(testing::TempDir())) /
            fmt::format("vigil-store-{:08x}{:08x}", random(), random());
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;  // A folder that stays behind fails no test.
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Store open_or_die(const std::filesystem::path& file, OpenMode mode) {
  auto store = Store::open(file, mode);
  if (!store.ok()) ADD_FAILURE() << store.error().message();
  return std::move(store).take();
}

/// A process that was created a minute before noon and dies at \p at.
inline Signal signal_from(Source source, Timestamp at = kNoon) {
  Signal signal;
  signal.source = source;
  signal.at = at;
  signal.pid = ProcessId{1234};
  signal.process_start = kNoon - kMinute + Microseconds(123'456);
  signal.process = "Orders.exe";
  return signal;
}

class StoreTest : public testing::Test {
 protected:
  CaptureId record(const Signal& signal) {
    const auto recorded = store.record(signal, kJoinWindow);
    if (!recorded.ok()) ADD_FAILURE() << recorded.error().message();
    return recorded->id;
  }
  /// A capture of a process of its own, as old as its number is small.
  CaptureId observed() {
    auto signal = signal_from(Source::ExitWatch, kNoon + count_ * kSecond);
    signal.pid = ProcessId{5000 + count_};
    ++count_;
    return record(signal);
  }
  CaptureId capturing() {
    const auto id = observed();
    EXPECT_TRUE(store.begin_capture(id, "a.dmp", dump_name(id), kNoon).ok());
    return id;
  }
  CaptureId captured() {
    const auto id = capturing();
    EXPECT_TRUE(store.dump_ready(id, 4096, kNoon).ok());
    return id;
  }
  /// The only capture in the queue, claimed.
  CaptureId analyzing() {
    const auto id = captured();
    const auto claimed = store.claim_for_analysis(kNoon);
    EXPECT_TRUE(claimed.ok() && claimed->has_value() && (*claimed)->id == id);
    return id;
  }
  CaptureId done(std::string_view signature = "orders!total | ACCESS_VIOLATION") {
    const auto id = analyzing();
    EXPECT_TRUE(store.finish(id, findings(signature), kNoon).ok());
    return id;
  }
  CaptureId skipped() {
    const auto id = observed();
    EXPECT_TRUE(store.skip(id, "no dump arrived", kNoon).ok());
    return id;
  }
  static Store::Findings findings(std::string_view signature) {
    Store::Findings findings;
    findings.report_json = "{}";
    findings.signature = signature;
    findings.synopsis = "it read what was not there";
    return findings;
  }
  static std::string dump_name(CaptureId id) {
    return fmt::format("2026/11/{}-Orders.exe.dmp", id.value);
  }
  Capture get(CaptureId id) {
    auto capture = store.get(id);
    if (!capture.ok()) ADD_FAILURE() << capture.error().message();
    return std::move(capture).take();
  }

  TempFolder folder;
  std::filesystem::path file = folder.path() / "vigil.db";
  Store store = open_or_die(file, OpenMode::Create);

 private:
  std::uint32_t count_ = 0;
};

}  // namespace vigil::store
