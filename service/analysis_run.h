// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
};

/// One run of vigil.exe for one dump: in a job of its own, watched for time and memory by this
/// program too, since a system may accept limits and not keep them.
class AnalysisRun {
 public:
  struct Output {
    std::uint32_t exit_code = 0;
    std::string text;       ///< Standard output, whole.
    std::string complaint;  ///< The start of standard error.
  };

  /// Analyzes \p dump in the sandbox. It is opened for reading here; the analyzer gets the handle
  /// and nothing else, and looks for symbols along \p symbol_paths. Every failure to make the
  /// sandbox is an error: nothing is analyzed outside of one.
  [[nodiscard]] static Result<std::unique_ptr<AnalysisRun>> analyze(
      boost::asio::io_context& io,
      const std::filesystem::path& vigil,
      const std::filesystem::path& dump,
      const std::vector<std::string>& symbol_paths,
      const RunLimits& limits);

  /// Fetches what \p report, a file that this program wrote, lacks of symbols, by the servers of
  /// \p symbol_path into the store \p folder. Outside of the sandbox, which has no network and
  /// could write nothing: it reads no dump, and checks what comes.
  [[nodiscard]] static Result<std::unique_ptr<AnalysisRun>> fetch_symbols(
      boost::asio::io_context& io,
      const std::filesystem::path& vigil,
      const std::filesystem::path& report,
      const std::string& symbol_path,
      const std::filesystem::path& folder,
      const RunLimits& limits);

  /// Once. Until it has ended, or was ended for one of its limits, which is an error.
  [[nodiscard]] boost::asio::awaitable<Result<Output>> finish();

  /// Ends it at once.
  void kill();

  /// Whether this system refused some of the process mitigations.
  [[nodiscard]] bool mitigations_refused() const noexcept { return mitigations_refused_; }

 private:
  using Pipe = boost::asio::windows::stream_handle;
  AnalysisRun(boost::asio::io_context& io, std::string_view name, const RunLimits& limits)
      : io_(io),
        name_(name),
        limits_(limits),
        process_(io),
        output_(io),
        complaint_(io),
        watch_timer_(io) {}
  [[nodiscard]] Status start(platform::ChildOptions options);
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
  Pipe output_;
  Pipe complaint_;
  boost::asio::steady_timer watch_timer_;
  std::string killed_for_;
  int unfinished_ = 0;  // of the two pipes and the process
  bool mitigations_refused_ = false;
};

}  // namespace vigil::service
