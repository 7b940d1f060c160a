// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/logger.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/windows/stream_handle.hpp>

#include "base/result.h"
#include "counter_lines.h"
#include "platform/win/handle.h"
#include "watch/watch.h"

namespace vigil::service {

/// Keeps a child at work that reads performance counters, for as long as any are wanted: the
/// libraries that it takes for that are not ours, and a service that is trusted for years loads
/// none of them. It does not own what it is given.
class Counters {
 public:
  struct Parts {
    boost::asio::io_context& io;
    spdlog::logger& log;
    std::filesystem::path program;
    std::function<void(const watch::CounterTarget& counter, std::uint64_t thousandths)> on_value;
  };
  explicit Counters(Parts parts) : parts_(std::move(parts)) {}

  /// Again and again: these, in order, are read from now on, and no others.
  void want(std::vector<watch::CounterTarget> counters);
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Reader {
    boost::asio::windows::stream_handle input;
    boost::asio::windows::stream_handle output;
    platform::KernelHandle job;  // the child ends with this
    Clock::time_point heard{};
    std::uint32_t told = 0;  // the number of the last list
    bool is_writing = false;
  };
  [[nodiscard]] Status start();
  void end();
  void lose(std::string_view why);
  void look_after(const std::shared_ptr<Reader>& reader);
  [[nodiscard]] boost::asio::awaitable<void> tell(std::shared_ptr<Reader> reader);
  [[nodiscard]] boost::asio::awaitable<void> listen(std::shared_ptr<Reader> reader);
  [[nodiscard]] Status take_lines(std::string& text);
  void take(const CounterLine& line);

  Parts parts_;
  std::vector<watch::CounterTarget> wanted_;
  std::uint32_t list_ = 0;  // the number of wanted_
  std::shared_ptr<Reader> reader_;
  Clock::time_point next_start_{};
  std::chrono::seconds pause_{};
  std::set<std::string> complained_;  // paths without a value
  bool too_many_ = false;             // was said
};

}  // namespace vigil::service
