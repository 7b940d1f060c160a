// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/utf.h"
#include "minidump/minidump.h"

/// Dumps of all origins, where a collection of them is at hand: each is read or refused, soon and
/// with a reason, and where another reader's answers are there, they are the same.
namespace vigil::minidump {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::chrono::seconds kSoon{10};

fs::path collection() {
  return path_from_utf8(VIGIL_TEST_DUMPS);
}

/// The rows of a tab-separated file, without its head.
std::vector<std::vector<std::string>> read_table(const fs::path& path) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    auto& row = rows.emplace_back();
    std::size_t start = 0;
    for (auto tab = line.find('\t'); tab != std::string::npos; tab = line.find('\t', start)) {
      row.push_back(line.substr(start, tab - start));
      start = tab + 1;
    }
    row.push_back(line.substr(start));
  }
  return rows;
}

struct Read {
  Result<std::unique_ptr<Minidump>> dump = Error{Errc::Internal, "not read"};
  std::chrono::steady_clock::duration took{};
};

Read read_all(const fs::path& path) {
  const auto start = std::chrono::steady_clock::now();
  Read read;
  read.dump = Minidump::open(path);
  if (read.dump.ok()) {
    auto& dump = **read.dump;
    std::uint64_t sum = 0;
    for (const auto& thread : dump.snapshot().threads) {
      const auto stack = dump.memory().at(thread.stack.base, thread.stack.size);
      EXPECT_EQ(stack.size(), thread.stack.size);
      for (const auto byte : stack.bytes()) sum += static_cast<unsigned char>(byte);
    }
    for (const auto& module : dump.snapshot().modules)
      sum += dump.memory().at(module.base, 4096).size();
    EXPECT_NE(sum, 1u);  // so that the reads are not optimised away
  }
  read.took = std::chrono::steady_clock::now() - start;
  return read;
}

/// What another reader calls the crash address: of an access that failed, what it accessed.
std::uint64_t crash_address(const snapshot::Snapshot& snapshot) {
  const auto& exception = *snapshot.exception;
  const bool accessed = exception.code == 0xc0000005 || exception.code == 0xc0000006;
  return snapshot.system.os == snapshot::Os::Windows && accessed && exception.parameters.size() >= 2
             ? exception.parameters[1]
             : exception.address;
}

std::string os_name(const std::string& theirs) {
  if (theirs == "Windows NT") return "windows";
  if (theirs == "Linux") return "linux";
  if (theirs == "Mac OS X") return "macos";
  return theirs;
}

/// Theirs are zeros where a module has no debug record.
std::string debug_id(const json& module) {
  auto id = module.at("debug_id").get<std::string>();
  return id.find_first_not_of('0') == std::string::npos ? std::string() : id;
}

void compare(const snapshot::Snapshot& ours, const json& theirs) {
  EXPECT_EQ(ours.threads.size(), theirs.at("thread_count").get<std::size_t>());
  EXPECT_EQ(ours.modules.size(), theirs.at("modules").size());
  const auto& system = theirs.at("system_info");
  EXPECT_EQ(snapshot::to_string(ours.system.os), os_name(system.at("os").get<std::string>()));
  EXPECT_EQ(snapshot::to_string(ours.system.cpu), system.at("cpu_arch").get<std::string>());
  EXPECT_EQ(ours.system.processor_count, system.at("cpu_count").get<std::uint32_t>());
  if (theirs.at("pid").is_number() && ours.process.pid) {
    EXPECT_EQ(ours.process.pid->value, theirs.at("pid").get<std::uint32_t>());
  }
  const auto count = std::min<std::size_t>(ours.modules.size(), theirs.at("modules").size());
  for (std::size_t i = 0; i < count; ++i) {
    const auto& module = theirs.at("modules")[i];
    EXPECT_EQ(ours.modules[i].base,
              std::stoull(module.at("base_addr").get<std::string>(), nullptr, 16));
    EXPECT_EQ(ours.modules[i].name(), module.at("filename").get<std::string>());
    EXPECT_EQ(ours.modules[i].debug_id, debug_id(module));
  }
  const auto& crash = theirs.at("crash_info");
  if (!ours.exception || !crash.at("address").is_string()) return;
  EXPECT_EQ(crash_address(ours), std::stoull(crash.at("address").get<std::string>(), nullptr, 16));
  if (!crash.at("crashing_thread").is_number()) return;
  const auto crashing = crash.at("crashing_thread").get<std::size_t>();
  ASSERT_LT(crashing, ours.threads.size());
  EXPECT_EQ(ours.exception->thread, ours.threads[crashing].id);
}

TEST(Corpus, IsReadOrRefusedSoonAndWithAReason) {
  const auto dumps = collection() / "dumps";
  if (!fs::exists(dumps / "INDEX.tsv")) GTEST_SKIP() << "no dumps at " << dumps;
  int read_count = 0;
  int refused_count = 0;
  for (const auto& row : read_table(dumps / "INDEX.tsv")) {
    if (row.size() < 2 || row[1].find("minidump") == std::string::npos || row[1] == "minidump-yaml")
      continue;
    SCOPED_TRACE(row[0]);
    const auto read = read_all(dumps / path_from_utf8(row[0]));
    EXPECT_LT(read.took, kSoon);
    read.dump.ok() ? ++read_count : ++refused_count;
    if (row[1] != "malformed-minidump") {
      EXPECT_TRUE(read.dump.ok()) << read.dump.error().message();
    }
    if (read.dump.ok()) continue;
    EXPECT_FALSE(read.dump.error().message().empty());
    std::cout << "refused: " << read.dump.error().message() << '\n';
  }
  std::cout << read_count << " dumps read, " << refused_count << " refused\n";
  EXPECT_GT(read_count, 0);
}

/// One dump of the collection by its file name; nothing where it is not there.
std::unique_ptr<Minidump> find_dump(std::string_view name) {
  const auto dumps = collection() / "dumps";
  for (const auto& row : read_table(dumps / "INDEX.tsv")) {
    if (!row.at(0).ends_with(name)) continue;
    auto dump = Minidump::open(dumps / path_from_utf8(row.at(0)));
    if (dump.ok()) return std::move(dump).take();
  }
  return nullptr;
}

TEST(Corpus, HasFunctionTablesOfJustInTimeCode) {
  const auto dump = find_dump("crash-log/crash.dmp");
  if (dump == nullptr) GTEST_SKIP() << "no such dump at " << collection();
  const auto& tables = dump->snapshot().function_tables;
  EXPECT_EQ(tables.size(), 46u);
  for (const auto& table : tables) {
    EXPECT_EQ(table.entry_size, 12u);
    EXPECT_LT(table.minimum, table.maximum);
    std::uint32_t last = 0;
    for (std::uint64_t i = 0; i < table.size(); ++i) {
      const auto begin = *table.entries.read<std::uint32_t>(i * table.entry_size);
      const auto end = *table.entries.read<std::uint32_t>(i * table.entry_size + 4);
      EXPECT_LT(begin, end);
      EXPECT_LE(table.base + end, table.maximum);
      EXPECT_GE(begin, last);
      last = end;
    }
  }
}

TEST(Corpus, HasHandlesAndAnnotationsOfCrashpad) {
  const auto dump = find_dump("stability-report@35160ba0.dmp");
  if (dump == nullptr) GTEST_SKIP() << "no such dump at " << collection();
  const auto& snapshot = dump->snapshot();
  EXPECT_EQ(snapshot.handles.list.size(), 302u);
  EXPECT_EQ(snapshot.handles.total, 302u);
  ASSERT_TRUE(snapshot.crashpad.has_value());
  EXPECT_EQ(snapshot.crashpad->report_id, "b4d8fd14-6c42-4353-a558-5593e0068791");
  EXPECT_EQ(snapshot.crashpad->annotations.size(), 6u);
  ASSERT_TRUE(snapshot.system.time_zone.has_value());
  EXPECT_EQ(snapshot.system.time_zone->bias_minutes, -120);
}

TEST(Corpus, HasMemoryOfSystemAndProcess) {
  const auto dump = find_dump("sentry-native/tests/fixtures/minidump.dmp");
  if (dump == nullptr) GTEST_SKIP() << "no such dump at " << collection();
  const auto& snapshot = dump->snapshot();
  ASSERT_TRUE(snapshot.system_memory && snapshot.process_memory);
  EXPECT_EQ(snapshot.system_memory->physical_total, std::uint64_t{16'755'299} * 4096);
  EXPECT_EQ(snapshot.system_memory->commit_limit, std::uint64_t{47'475'299} * 4096);
  EXPECT_EQ(snapshot.process_memory->working_set, 11'423'744u);
  EXPECT_EQ(snapshot.process_memory->private_usage, 5'206'016u);
  EXPECT_EQ(snapshot.process.xstate_features, 7u);
  EXPECT_EQ(snapshot.dump_thread, ThreadId{26'788});
  EXPECT_EQ(snapshot.requesting_thread, ThreadId{12'996});
}

TEST(Corpus, IsReadAsAnotherReaderReadsIt) {
  const auto peers = collection() / "peers";
  if (!fs::exists(peers / "INDEX.tsv")) GTEST_SKIP() << "no answers at " << peers;
  int compared = 0;
  for (const auto& row : read_table(peers / "INDEX.tsv")) {
    const auto answer = peers / path_from_utf8(row.at(0) + ".rust.json");
    std::ifstream in(answer);
    if (!in) continue;
    SCOPED_TRACE(row.at(0));
    const auto theirs = json::parse(in, nullptr, false);
    if (theirs.is_discarded()) continue;
    const auto dump = Minidump::open(collection() / "dumps" / path_from_utf8(row.at(1)));
    ASSERT_TRUE(dump.ok()) << dump.error().message();
    compare((*dump)->snapshot(), theirs);
    ++compared;
  }
  std::cout << compared << " dumps compared\n";
  EXPECT_GT(compared, 0);
}

}  // namespace
}  // namespace vigil::minidump
