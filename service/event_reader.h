// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <spdlog/logger.h>
#include <boost/asio/io_context.hpp>

#include "base/result.h"

namespace vigil::service {

/// Reads the event log in a thread of its own, which may be kept waiting by the Event Log service,
/// and hands on what it reads on the io_context. Subscribes again when the log fails, and goes on
/// where it was. It does not own what it is given.
class EventReader {
 public:
  struct Parts {
    boost::asio::io_context& io;
    spdlog::logger& log;
    /// Takes events (XML) and the bookmark behind them. What fails is tried again. On the
    /// io_context.
    std::function<Status(const std::vector<std::string>& events, const std::string& bookmark)> take;
  };
  explicit EventReader(Parts parts);
  ~EventReader();
  EventReader(EventReader&&) = delete;

  /// \p bookmark: where the last one ended; empty: there was none, and the past week is read.
  void start(std::string bookmark);
  /// Returns at once; what is being read then is read again by the next one.
  void stop();

 private:
  class Work;
  std::shared_ptr<Work> work_;  // the thread's too: it may be kept waiting for longer than we live
};

}  // namespace vigil::service
