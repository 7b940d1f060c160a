// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include <spdlog/logger.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "capture_slots.h"
#include "desk.h"
#include "settings/settings.h"
#include "store/store.h"
#include "watch/watch.h"

namespace vigil::service {

class DumperRun;

/// Dumps of processes that live on: a dumper for each, which stops its process for as long as it
/// reads it. It does not own what it is given.
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

  /// What a process has met becomes a row, and a dump where its rule and its limits say so.
  void take(const watch::Firing& firing, const rules::ProcessFacts& facts);
  /// Tells every dumper to give up; the processes go on.
  void stop();

 private:
  [[nodiscard]] boost::asio::awaitable<void> capture(Verdict verdict, store::Signal signal);
  [[nodiscard]] boost::asio::awaitable<Status> write_dump(const Verdict& verdict,
                                                          const store::Signal& signal);
  void give_up(const Verdict& verdict, const store::Signal& signal, const Error& why);

  Parts parts_;
  std::map<store::CaptureId, DumperRun*> running_;  // of coroutines that are under way
  bool stopping_ = false;
};

}  // namespace vigil::service
