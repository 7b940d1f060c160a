// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>

#include "base/utf.h"
#include "capture/capture.h"
#include "desk.h"
#include "inbox.h"
#include "platform/platform.h"
#include "rules/rules.h"
#include "store/store.h"

/// A desk and an inbox over a real store in a folder of the test's own; the clock, the free disk
/// space and the inbox's files are the test's.
namespace vigil::service::test {

class FakeClock final : public Clock {
 public:
  Timestamp now() const override { return time; }
  void pass(Microseconds duration) { time = time + duration; }
  Timestamp time{1'795'305'600'000'000};  // 2026-11-22T00:00:00Z
};

/// Keeps the lines, for tests that say what the log tells.
class LinesSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  [[nodiscard]] std::size_t count(std::string_view part) const {
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(),
                      [&](const auto& line) { return line.find(part) != std::string::npos; }));
  }
  std::vector<std::string> lines;

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    lines.emplace_back(message.payload.data(), message.payload.size());
  }
  void flush_() override {}
};

/// The inbox as a map, with what goes wrong on demand.
class FakeFolder final : public InboxFolder {
 public:
  struct File {
    std::string content;
    Timestamp modified;
    bool from_administrator = false;
    bool busy = false;           ///< Somebody writes it.
    bool plain = true;           ///< No link, no second name.
    std::string owner = "user";  ///< Where it is no administrator.
    bool stuck = false;          ///< It cannot be removed.
  };

  Status visit(const std::function<bool(Entry&&)>& take) override {
    if (list_fails) return Error{Errc::Io, "cannot list the inbox"};
    for (auto next = files.begin(); next != files.end();) {
      const auto& [name, file] = *next++;  // it may be removed
      if (!take({name, file.content.size(), file.modified})) break;
    }
    return {};
  }
  Owner owner_of(const std::string& name) override {
    ++owners_asked;
    const auto& file = files.at(name);
    return {file.from_administrator ? "administrator" : file.owner, file.from_administrator};
  }
  Result<std::unique_ptr<InboxFile>> open(const std::string& name) override;
  Status remove(const std::string& name) override {
    const auto found = files.find(name);
    if (found == files.end()) return {};
    if (found->second.stuck) return Error{Errc::Busy, "cannot remove " + name};
    files.erase(found);
    return {};
  }

  std::map<std::string, File> files;
  std::size_t owners_asked = 0;
  std::map<std::string, std::string> moved;  ///< Content by its name in the data folder.
  bool list_fails = false;
  bool move_fails = false;
};

class FakeFile final : public InboxFile {
 public:
  FakeFile(FakeFolder& folder, std::string name)
      : folder_(folder), name_(std::move(name)), opened_(folder.files.at(name_)) {}
  std::uint64_t size() const override { return opened_.content.size(); }
  Timestamp modified() const override { return opened_.modified; }
  bool is_from_administrator() const override { return opened_.from_administrator; }
  std::string owner() const override {
    return opened_.from_administrator ? "administrator" : opened_.owner;
  }
  Result<std::string> read_start(std::size_t count) override {
    return opened_.content.substr(0, count);
  }
  Status move_to(const std::string& dump_file) override {
    if (folder_.move_fails) return Error{Errc::Io, "cannot move " + name_};
    folder_.moved[dump_file] = opened_.content;
    folder_.files.erase(name_);
    return {};
  }
  Status remove() override { return folder_.remove(name_); }

 private:
  FakeFolder& folder_;
  std::string name_;
  FakeFolder::File opened_;  // known also after a move, as of a real handle
};

inline Result<std::unique_ptr<InboxFile>> FakeFolder::open(const std::string& name) {
  const auto found = files.find(name);
  if (found == files.end()) return Error{Errc::NotFound, name + " is not there"};
  if (found->second.busy) return Error{Errc::Busy, name + " is being written"};
  if (!found->second.plain) return Error{Errc::Malformed, name + " is not a plain file"};
  return std::unique_ptr<InboxFile>(std::make_unique<FakeFile>(*this, name));
}

/// A new, empty folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            path_from_utf8(std::string("vigil-service-") + test->test_suite_name() + "-" +
                           test->name());
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;  // what is left lies in the system's temporary folder
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline store::Store open_store(const std::filesystem::path& folder) {
  auto store = store::Store::open(folder / "vigil.db", store::OpenMode::Create);
  if (!store.ok()) throw std::runtime_error(store.error().message());
  return std::move(store).take();
}

struct Workbench {
  TemporaryFolder folder;
  FakeClock clock;
  std::shared_ptr<LinesSink> lines = std::make_shared<LinesSink>();
  spdlog::logger log{"test", lines};
  settings::Settings settings;
  store::Store store = open_store(folder.path());
  std::uint64_t free_disk = std::uint64_t{100} << 30;
  FakeFolder files;
  std::map<std::uint32_t, KnownProcess> processes;  ///< By pid.
  std::map<std::uint32_t, RunningProcess> running;  ///< By pid.
  Desk desk{{store, clock, log, settings, [this] { return Result<std::uint64_t>(free_disk); }}};
  Inbox inbox{{files, desk, store, clock, log, settings,
               [this](ProcessId pid, std::string_view, Timestamp) -> std::optional<KnownProcess> {
                 const auto found = processes.find(pid.value);
                 if (found == processes.end()) return std::nullopt;
                 return found->second;
               },
               [this](ProcessId pid) -> std::optional<RunningProcess> {
                 const auto found = running.find(pid.value);
                 if (found == running.end()) return std::nullopt;
                 return found->second;
               }}};

  Workbench() { log.set_level(spdlog::level::debug); }

  void use_rule(const rules::Limits& limits = {}, rules::DumpKind dump = rules::DumpKind::Mini) {
    rules::Rule rule;
    rule.name = "orders-crash";
    rule.match.process.any = {"orders.exe", "vigil*.exe"};
    rule.dump = dump;
    rule.limits = limits;
    desk.use_rules({{rule}});
  }

  [[nodiscard]] store::Signal crash(std::uint32_t pid = 1234,
                                    store::Source source = store::Source::Attach) const {
    store::Signal signal;
    signal.source = source;
    signal.kind = store::Kind::Crash;
    signal.at = clock.now();
    signal.pid = ProcessId{pid};
    signal.process_start = Timestamp{clock.now().us - 60'000'000};
    signal.process = "orders.exe";
    signal.exception_code = 0xc0000005;
    return signal;
  }

  /// What a dumper leaves behind.
  void hand_over(const store::Signal& signal, const std::string& stem = "orders.exe-1234") {
    capture::InboxEvent event;
    event.signal = signal;
    event.dump_file = stem + ".dmp.zst";
    event.dump = rules::DumpKind::Mini;
    event.rule = "orders-crash";
    files.files[event.dump_file] = {"\x28\xb5\x2f\xfd compressed", clock.now(), true, false, true};
    files.files[stem + ".event.json"] = {capture::to_json(event), clock.now(), true, false, true};
  }

  /// What AeDebug's dumper, or whoever plays it, leaves behind.
  void hand_over_as(const std::string& owner,
                    const store::Signal& signal,
                    const std::string& stem = "theirs") {
    hand_over(signal, stem);
    for (const auto* suffix : {".dmp.zst", ".event.json"}) {
      auto& file = files.files.at(stem + suffix);
      file.from_administrator = false;
      file.owner = owner;
    }
  }

  [[nodiscard]] std::vector<store::Capture> rows() {
    auto listed = store.list({});
    if (!listed.ok()) throw std::runtime_error(listed.error().message());
    return std::move(listed).take();
  }
};

}  // namespace vigil::service::test
