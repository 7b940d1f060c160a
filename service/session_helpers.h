// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <spdlog/logger.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/windows/stream_handle.hpp>

#include "base/ids.h"
#include "base/result.h"
#include "platform/win/handle.h"

namespace vigil::service {

/// Keeps a window helper at work in each session of a person, for as long as they are wanted. A
/// helper runs as that person and ends with its input. It does not own what it is given.
class SessionHelpers {
 public:
  struct Parts {
    boost::asio::io_context& io;
    spdlog::logger& log;
    std::filesystem::path program;
    /// All processes of this session that have a hung window now, as its helper says.
    std::function<void(std::uint32_t session, const std::vector<ProcessId>& hung)> on_report;
    std::function<void(std::uint32_t session)> on_end;  ///< Nobody tells of it any more.
  };
  explicit SessionHelpers(Parts parts) : parts_(std::move(parts)) {}

  /// Again and again: starts those that are missing, or ends all.
  void want(bool wanted);
  void stop() { want(false); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Helper {
    boost::asio::windows::stream_handle input;   // closed: it ends
    boost::asio::windows::stream_handle output;  // its reports
    platform::KernelHandle process;
  };
  /// When one that was lost is started again: each time later.
  struct Retry {
    Clock::time_point at{};
    std::chrono::seconds pause{};
  };
  void look();
  void lose(std::uint32_t session);
  [[nodiscard]] Status start(std::uint32_t session);
  [[nodiscard]] boost::asio::awaitable<void> listen(std::uint32_t session,
                                                    std::shared_ptr<Helper> helper);

  Parts parts_;
  std::map<std::uint32_t, std::shared_ptr<Helper>> helpers_;  // by session
  std::map<std::uint32_t, Retry> retries_;
  Clock::time_point next_look_{};
  std::set<std::uint32_t> complained_;  // sessions whose helper could not be started
};

}  // namespace vigil::service
