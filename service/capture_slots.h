// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/time.h"

namespace vigil::service {

/// How many dumps are written at the same time, whoever writes them.
class CaptureSlots {
 public:
  CaptureSlots(boost::asio::io_context& io, std::uint32_t most) : io_(io), most_(most) {}

  /// Whether a slot became free within \p patience; it is then taken.
  [[nodiscard]] boost::asio::awaitable<bool> take(Microseconds patience);
  void give_back();
  [[nodiscard]] std::uint32_t taken() const noexcept { return taken_; }
  /// Nobody waits any longer.
  void stop();

 private:
  void wake();

  boost::asio::io_context& io_;
  std::uint32_t most_;
  std::uint32_t taken_ = 0;
  std::set<boost::asio::steady_timer*> waiting_;  // of coroutines that are waiting
  bool stopping_ = false;
};

}  // namespace vigil::service
