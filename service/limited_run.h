// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/windows/object_handle.hpp>
#include <boost/asio/windows/stream_handle.hpp>

#include "base/result.h"
#include "base/time.h"
#include "platform/win/child_process.h"
#include "platform/win/handle.h"

namespace vigil::service {

struct RunLimits {
  std::uint64_t memory_bytes = 0;
  Microseconds wall_time{0};
  std::size_t output_bytes = 0;
  bool ends_beyond = true;  ///< Of output: ended for more. Otherwise the rest is dropped.
};

/// One run of a program that may not be trusted to end, or to stay small: in a job of its own,
/// watched for time and memory by this program too, since a system may accept limits and not keep
/// them.
class LimitedRun {
 public:
  struct Output {
    std::uint32_t exit_code = 0;
    std::string text;       ///< Standard output, whole.
    std::string complaint;  ///< The start of standard error.
  };

  /// \p name is a literal, for messages. \p job is ended with this object. What stands in \p
  /// options of standard handles and the job is replaced; \p input is what the program reads, if
  /// anything.
  [[nodiscard]] static Result<std::unique_ptr<LimitedRun>> start(boost::asio::io_context& io,
                                                                 std::string_view name,
                                                                 platform::ChildOptions options,
                                                                 platform::KernelHandle job,
                                                                 const RunLimits& limits,
                                                                 std::string input = {});

  /// Once. Until it has ended, or was ended for one of its limits, which is an error.
  [[nodiscard]] boost::asio::awaitable<Result<Output>> finish();

  /// Ends it at once.
  void kill();

  /// Whether this system refused some of the process mitigations.
  [[nodiscard]] bool mitigations_refused() const noexcept { return mitigations_refused_; }

 private:
  using Pipe = boost::asio::windows::stream_handle;
  LimitedRun(boost::asio::io_context& io, std::string_view name, const RunLimits& limits)
      : io_(io),
        name_(name),
        limits_(limits),
        process_(io),
        input_(io),
        output_(io),
        complaint_(io),
        watch_timer_(io) {}
  [[nodiscard]] Status begin(platform::ChildOptions options);
  [[nodiscard]] boost::asio::awaitable<void> write();
  [[nodiscard]] boost::asio::awaitable<void> read(Pipe& pipe,
                                                  std::size_t limit,
                                                  bool kill_beyond,
                                                  std::string& text);
  [[nodiscard]] boost::asio::awaitable<void> await_end();
  [[nodiscard]] boost::asio::awaitable<void> watch();
  void finished_one();
  void end_for(std::string reason);

  boost::asio::io_context& io_;
  std::string_view name_;  // for messages; a literal
  RunLimits limits_;
  platform::KernelHandle job_;
  boost::asio::windows::object_handle process_;
  std::string to_write_;
  Pipe input_;  // the program's; not open where it reads nothing
  Pipe output_;
  Pipe complaint_;
  boost::asio::steady_timer watch_timer_;
  std::string killed_for_;
  int unfinished_ = 0;  // of the pipes and the process
  bool mitigations_refused_ = false;
};

}  // namespace vigil::service
