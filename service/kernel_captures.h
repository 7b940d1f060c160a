// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include <spdlog/logger.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/result.h"
#include "base/time.h"
#include "desk.h"
#include "kernel_dump_files.h"
#include "kernel_dumps.h"
#include "settings/settings.h"
#include "store/store.h"

namespace vigil::service {

class DumperRun;

/// Looks for dumps of the kernel and takes copies of those that the rules want, one after the
/// other, before Windows overwrites them: a dumper packs each, so that the service itself neither
/// reads them nor waits. It does not own what it is given.
class KernelCaptures {
 public:
  struct Parts {
    boost::asio::io_context& io;
    Desk& desk;
    store::Store& store;
    const Clock& clock;
    spdlog::logger& log;
    const settings::Settings& settings;
    std::filesystem::path dumper;
    std::filesystem::path data_folder;
    std::function<void()> on_captured;  ///< There is a new dump in the queue.
  };
  explicit KernelCaptures(Parts parts)
      : parts_(std::move(parts)),
        dumps_({parts_.desk, parts_.clock, parts_.log, parts_.settings, is_complete}),
        timer_(parts_.io) {}

  /// The first look at once: before the event log tells of the same.
  void start();
  void stop();

 private:
  [[nodiscard]] boost::asio::awaitable<void> look_again();
  [[nodiscard]] boost::asio::awaitable<void> take(KernelDumps::Job job);
  [[nodiscard]] boost::asio::awaitable<Status> pack(const KernelDumps::Job& job);
  [[nodiscard]] std::vector<KernelDumps::Job> look();

  Parts parts_;
  KernelDumps dumps_;
  boost::asio::steady_timer timer_;
  std::vector<KernelDumps::Job> first_;  // of the first look
  DumperRun* running_ = nullptr;         // of a coroutine that is under way
  bool stopping_ = false;
};

}  // namespace vigil::service
