// SPDX-License-Identifier: Apache-2.0
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <new>
#include <set>
#include <string>

#include <gmock/gmock.h>

#include "unit/store/store_fixture.h"

// The process dies at its first write to the file system, at its second, and so on to the last:
// after each death the store opens whole, and what was told to be done is done.

namespace vigil::store {
namespace {

// A layer under SQLite that passes everything on and kills this process when a number of operations
// is used up. SQLite wants C functions and a file object laid out behind its own; only child
// processes of this test register it.

struct Countdown {
  sqlite3_vfs* real = nullptr;
  int operations_left = 0;
  void operation() {
    if (operations_left-- == 0) ::raise(SIGKILL);
  }
};

struct CountedFile {
  sqlite3_file base;
  Countdown* countdown;
  sqlite3_file* real;
};

CountedFile* counted(sqlite3_file* file) {
  return reinterpret_cast<CountedFile*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
  return counted(file)->real;
}

const sqlite3_io_methods kCountedMethods = {
    .iVersion = 2,
    .xClose =
        [](sqlite3_file* f) {
          return real(f)->pMethods == nullptr ? SQLITE_OK : real(f)->pMethods->xClose(real(f));
        },
    .xRead =
        [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
          return real(f)->pMethods->xRead(real(f), to, size, at);
        },
    .xWrite =
        [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
          counted(f)->countdown->operation();
          return real(f)->pMethods->xWrite(real(f), from, size, at);
        },
    .xTruncate =
        [](sqlite3_file* f, sqlite3_int64 size) {
          counted(f)->countdown->operation();
          return real(f)->pMethods->xTruncate(real(f), size);
        },
    .xSync =
        [](sqlite3_file* f, int flags) {
          counted(f)->countdown->operation();
          return real(f)->pMethods->xSync(real(f), flags);
        },
    .xFileSize = [](sqlite3_file* f,
                    sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); },
    .xLock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); },
    .xUnlock = [](sqlite3_file* f,
                  int level) { return real(f)->pMethods->xUnlock(real(f), level); },
    .xCheckReservedLock =
        [](sqlite3_file* f, int* out) {
          return real(f)->pMethods->xCheckReservedLock(real(f), out);
        },
    .xFileControl = [](sqlite3_file* f,
                       int op,
                       void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); },
    .xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); },
    .xDeviceCharacteristics =
        [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); },
    .xShmMap =
        [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
          return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
        },
    .xShmLock =
        [](sqlite3_file* f, int offset, int n, int flags) {
          return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
        },
    .xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); },
    .xShmUnmap = [](sqlite3_file* f,
                    int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); },
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

Countdown& countdown_of(sqlite3_vfs* vfs) {
  return *static_cast<Countdown*>(vfs->pAppData);
}

int open_counted(
    sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto& countdown = countdown_of(vfs);
  auto* self = counted(file);
  self->countdown = &countdown;
  self->real = reinterpret_cast<sqlite3_file*>(self + 1);
  const int code = countdown.real->xOpen(countdown.real, name, self->real, flags, out_flags);
  self->base.pMethods = code == SQLITE_OK ? &kCountedMethods : nullptr;
  return code;
}

int delete_counted(sqlite3_vfs* vfs, const char* name, int sync) {
  countdown_of(vfs).operation();
  return countdown_of(vfs).real->xDelete(countdown_of(vfs).real, name, sync);
}

/// From here on this process lives for \p operations more writes of SQLite.
void die_after(int operations) {
  static Countdown countdown;
  static sqlite3_vfs vfs;
  countdown = {sqlite3_vfs_find(nullptr), operations};
  vfs = *countdown.real;
  vfs.zName = "counted";
  vfs.pAppData = &countdown;
  vfs.szOsFile = static_cast<int>(sizeof(CountedFile)) + countdown.real->szOsFile;
  vfs.xOpen = open_counted;
  vfs.xDelete = delete_counted;
  sqlite3_vfs_register(&vfs, 1);
}

/// A short life of the service: one crash from first sight to its report, and one without a dump.
/// After each step that was done it writes one letter to \p progress.
bool live(const std::filesystem::path& file, int progress) {
  const auto done = [progress](bool good, char letter) {
    return good && ::write(progress, &letter, 1) == 1;
  };
  auto opened = Store::open(file, OpenMode::Create);
  if (!done(opened.ok(), 'o')) return false;
  auto& store = *opened;
  auto signal = signal_from(Source::ExitWatch);
  signal.command_line =
      std::string(9'000, 'x');  // Over several pages, so that a row takes several writes.
  Store::Findings findings;
  findings.report_json = std::string(20'000, 'r');
  findings.signature = "s";
  if (!done(store.record(signal, kJoinWindow).ok(), 'a') ||
      !done(store.record(signal_from(Source::Inbox, kNoon + kSecond), kJoinWindow).ok(), 'b') ||
      !done(store.begin_capture(CaptureId{1}, "in", "dump1", kNoon).ok(), 'c') ||
      !done(store.dump_ready(CaptureId{1}, 7, kNoon).ok(), 'd') ||
      !done(store.claim_for_analysis(kNoon).ok(), 'e') ||
      !done(store.finish(CaptureId{1}, findings, kNoon).ok(), 'f')) {
    return false;
  }
  signal.pid = ProcessId{2};
  return done(store.record(signal, kJoinWindow).ok(), 'g') &&
         done(store.skip(CaptureId{2}, "no dump arrived", kNoon).ok(), 'h');
}

struct Life {
  bool killed = false;
  std::string progress;
};

Life live_for(const std::filesystem::path& file, int operations) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    die_after(operations);
    ::_exit(live(file, ends[1]) ? 0 : 1);
  }
  ::close(ends[1]);
  Life life;
  char letter = 0;
  while (::read(ends[0], &letter, 1) == 1) life.progress += letter;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  life.killed = WIFSIGNALED(status);
  EXPECT_TRUE(life.killed || WEXITSTATUS(status) == 0);
  return life;
}

/// The state that the first capture must be in, or one step further: the kill may have come between
/// a commit and the word that it was done.
std::set<State> states_after(const std::string& progress) {
  switch (progress.empty() ? 'o' : progress.back()) {
    case 'o':
    case 'a': return {State::Observed};
    case 'b': return {State::Observed, State::Capturing};
    case 'c': return {State::Capturing, State::Captured};
    case 'd': return {State::Captured, State::Analyzing};
    case 'e': return {State::Analyzing, State::Done};
    default: return {State::Done};
  }
}

void expect_true_state(Store& store, const Life& life) {
  auto captures = store.list({});
  ASSERT_TRUE(captures.ok()) << captures.error().message();
  EXPECT_TRUE(life.progress.size() < 2 || !captures->empty());
  if (captures->empty()) return;
  const auto& first = captures->front();
  EXPECT_TRUE(states_after(life.progress).contains(first.state)) << to_string(first.state);
  EXPECT_EQ(first.command_line.size(), 9'000u);
  EXPECT_EQ(store.report_json(first.id).ok(), first.state == State::Done);
  const Store::FileProbe no_files = {[](const std::string&) { return std::nullopt; },
                                     [](const std::string&) { return false; }};
  EXPECT_TRUE(store.recover(no_files, 3, kNoon).ok());
  const auto counts = store.counts();
  EXPECT_EQ(counts->capturing + counts->analyzing, 0u);
}

TEST(Kill, AtEveryWriteLeavesATrueStore) {
  bool killed = true;
  int operations = 0;
  for (; killed; ++operations) {
    SCOPED_TRACE(fmt::format("killed at write {}", operations));
    const TempFolder folder;
    const auto file = folder.path() / "vigil.db";
    const auto life = live_for(file, operations);
    killed = life.killed;
    SCOPED_TRACE(fmt::format("done: {}", life.progress));
    auto store = Store::open(file, OpenMode::Create);  // With its check of integrity.
    ASSERT_TRUE(store.ok()) << store.error().message();
    expect_true_state(*store, life);
  }
  EXPECT_GT(operations, 50);
}

}  // namespace
}  // namespace vigil::store
