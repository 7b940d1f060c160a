// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "unit/store/store_fixture.h"

// Where the file lies and who asks: rights, other processes, a disk that is really full.

namespace vigil::store {
namespace {

namespace fs = std::filesystem;
constexpr uid_t kNobody = 65534;

/// Runs \p body in a child process, as nobody where this process is root; whether it returned true.
bool holds_for_nobody(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::getuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) ::_exit(2);
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class Place : public testing::Test {
 protected:
  Place() { fs::permissions(folder.path(), fs::perms(0755)); }
  void store_one_capture() const {
    auto store = open_or_die(file, OpenMode::Create);
    ASSERT_TRUE(store.record(signal_from(Source::ExitWatch), kJoinWindow).ok());
  }
  [[nodiscard]] bool reads_one_capture() const {
    auto store = Store::open(file, OpenMode::ReadOnly);
    return store.ok() && store->list({}).ok() && store->list({})->size() == 1;
  }

  TempFolder folder;
  fs::path file = folder.path() / "vigil.db";
};

TEST_F(Place, AStoreThatWasClosedIsReadFromAFolderThatMayNotBeWritten) {
  store_one_capture();
  ASSERT_FALSE(fs::exists(folder.path() / "vigil.db-wal"));
  fs::permissions(folder.path(), fs::perms(0555));
  EXPECT_TRUE(holds_for_nobody([this] { return reads_one_capture(); }));
  EXPECT_FALSE(fs::exists(folder.path() / "vigil.db-shm"));
  fs::permissions(folder.path(), fs::perms(0755));
}

TEST_F(Place, AStoreInUseIsReadByWhoMayNotWriteIt) {
  auto writer = open_or_die(file, OpenMode::Create);
  ASSERT_TRUE(writer.record(signal_from(Source::ExitWatch), kJoinWindow).ok());
  EXPECT_TRUE(holds_for_nobody([this] { return reads_one_capture(); }));
}

TEST_F(Place, AStoreWhoseWriterWasKilledIsReadByWhoMayNotWriteIt) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto writer = Store::open(file, OpenMode::Create);
    if (!writer.ok() || !writer->record(signal_from(Source::ExitWatch), kJoinWindow).ok())
      ::_exit(1);
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_GT(fs::file_size(folder.path() / "vigil.db-wal"), 0u);
  EXPECT_TRUE(holds_for_nobody([this] { return reads_one_capture(); }));
}

TEST_F(Place, SaysWhereRightsAreMissing) {
  store_one_capture();
  fs::permissions(file, fs::perms(0600));
  EXPECT_TRUE(holds_for_nobody([this] {
    if (::access(file.c_str(), R_OK) == 0) return true;  // Not root, so the file is our own.
    const auto store = Store::open(file, OpenMode::ReadOnly);
    return !store.ok() && store.error().code() == Errc::AccessDenied;
  }));
}

TEST_F(Place, SaysThatAFolderMayNotBeMade) {
  fs::permissions(folder.path(), fs::perms(0555));
  EXPECT_TRUE(holds_for_nobody([this] {
    const auto store = Store::open(folder.path() / "sub" / "vigil.db", OpenMode::Create);
    return !store.ok() && store.error().code() == Errc::AccessDenied;
  }));
  fs::permissions(folder.path(), fs::perms(0755));
}

TEST_F(Place, SeveralProcessesWriteAtOnce) {
  constexpr std::uint32_t kWriters = 3;
  constexpr std::uint32_t kRows = 30;
  store_one_capture();
  std::vector<pid_t> writers;
  for (std::uint32_t writer = 0; writer < kWriters; ++writer) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = Store::open(file, OpenMode::Create);
      bool good = store.ok();
      for (std::uint32_t row = 0; good && row < kRows; ++row) {
        auto signal = signal_from(Source::ExitWatch);
        signal.pid = ProcessId{10'000 + writer * kRows + row};
        good = store->record(signal, kJoinWindow).ok();
      }
      ::_exit(good ? 0 : 1);
    }
    writers.push_back(child);
  }
  for (const pid_t writer : writers) {
    int status = 0;
    ::waitpid(writer, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ(open_or_die(file, OpenMode::ReadOnly).list({})->size(), 1 + kWriters * kRows);
}

/// A file system of 1 MiB, where this process may make one.
class SmallDisk {
 public:
  explicit SmallDisk(fs::path path) : path_(std::move(path)) {
    fs::create_directories(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=1m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  bool mounted_ = false;
};

TEST_F(Place, AFullDiskIsSaidAndLosesNothing) {
  const SmallDisk disk(folder.path() / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small file system needs root";
  file = disk.path() / "vigil.db";
  auto store = open_or_die(file, OpenMode::Create);
  auto signal = signal_from(Source::ExitWatch);
  signal.command_line = std::string(20'000, 'x');
  std::size_t stored = 0;
  Result<Recorded> recorded = Recorded{};
  for (; stored < 1000; ++stored) {
    signal.pid = ProcessId{static_cast<std::uint32_t>(stored)};
    recorded = store.record(signal, kJoinWindow);
    if (!recorded.ok()) break;
  }
  ASSERT_FALSE(recorded.ok());
  EXPECT_EQ(recorded.error().code(), Errc::DiskFull);
  EXPECT_THAT(recorded.error().message(), testing::HasSubstr("no space is left on the disk"));
  EXPECT_EQ(store.list({})->size(), stored);
}

}  // namespace
}  // namespace vigil::store
