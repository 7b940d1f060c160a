// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <spdlog/logger.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "capture_slots.h"
#include "desk.h"
#include "settings/settings.h"
#include "store/store.h"
#include "watch/watch.h"

namespace vigil::service {

class DumperRun;

/// Dumps of processes that live on: a dumper for each, which stops its process for as long as it
/// reads it. Where the rule asks for samples, more of them follow before the row is captured. It
/// does not own what it is given.
class LiveCaptures {
 public:
  struct Parts {
    boost::asio::io_context& io;
    Desk& desk;
    store::Store& store;
    const Clock& clock;
    spdlog::logger& log;
    const settings::Settings& settings;
    CaptureSlots& slots;
    std::filesystem::path dumper;
    std::filesystem::path data_folder;
    std::function<void()> on_captured;  ///< There is a new dump in the queue.
  };
  explicit LiveCaptures(Parts parts) : parts_(std::move(parts)) {}

  /// What a process has met becomes a row, and a dump where its rule and its limits say so. Answers
  /// whether a limit has held it back.
  [[nodiscard]] bool take(const watch::Firing& firing, const rules::ProcessFacts& facts);
  /// Tells every dumper to give up; the processes go on.
  void stop();

 private:
  [[nodiscard]] boost::asio::awaitable<void> capture(Verdict verdict, store::Signal signal);
  [[nodiscard]] boost::asio::awaitable<void> take_dumps(const Verdict& verdict,
                                                        const store::Signal& signal);
  /// One dump of a process, of whatever kind and for whatever place.
  struct Wanted {
    store::CaptureId id;
    rules::DumpKind dump = rules::DumpKind::Mini;
    rules::Manner manner = {};
    std::string file = {};  ///< As store::Capture::dump_file.
    std::string rule = {}, reason = {};
  };
  [[nodiscard]] boost::asio::awaitable<Result<std::uint64_t>> write_dump(
      const Verdict& verdict, const store::Signal& signal, const std::string& name);
  [[nodiscard]] boost::asio::awaitable<void> take_samples(const Verdict& verdict,
                                                          const store::Signal& signal,
                                                          const std::string& name);
  [[nodiscard]] boost::asio::awaitable<Status> take_sample(const Verdict& verdict,
                                                           const store::Signal& signal,
                                                           const std::string& name,
                                                           std::uint32_t number);
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> run_dumper(const Wanted& wanted,
                                                                       const store::Signal& signal);
  [[nodiscard]] boost::asio::awaitable<void> pause(Microseconds time);
  [[nodiscard]] std::filesystem::path path_of(const std::string& name) const;
  [[nodiscard]] Error no_slot() const;
  void give_up(const Verdict& verdict, const store::Signal& signal, const Error& why);

  Parts parts_;
  std::set<std::pair<ProcessKey, std::string>> sampled_;  // now, and by which rule
  std::map<store::CaptureId, DumperRun*> running_;        // of coroutines that are under way
  std::set<boost::asio::steady_timer*> pausing_;          // the same, between two samples
  bool stopping_ = false;
};

}  // namespace vigil::service
