// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

#include <spdlog/logger.h>
#include <boost/asio/io_context.hpp>

#include "base/time.h"
#include "watch/watch.h"
#include "watch/win/process_trace.h"

namespace vigil::service {

/// Brings the events of all processes, which a trace tells in a thread of its own, into the
/// service's. It does not own what it is given.
class ProcessTracing {
 public:
  struct Parts {
    boost::asio::io_context& io;
    spdlog::logger& log;
    Microseconds poll_interval;  ///< What is not seen without a trace.
    std::function<void(const watch::ProcessEvent&)> on_event;
  };
  explicit ProcessTracing(Parts parts) : parts_(std::move(parts)) {}

  /// Events that may wait while something else takes long; further ones are left out, and the
  /// table of processes tells of those that live.
  static constexpr std::size_t kMaxWaiting = 10'000;

  /// Where there can be no trace, the log says so and what is missed.
  void start();
  void stop() { trace_.reset(); }

 private:
  void take(watch::ProcessEvent event);

  Parts parts_;
  std::atomic<std::size_t> waiting_ = 0;
  std::unique_ptr<watch::ProcessTrace> trace_;  // ends before what its thread uses
};

}  // namespace vigil::service
