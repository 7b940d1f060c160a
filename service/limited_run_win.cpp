// SPDX-License-Identifier: Apache-2.0
#include "limited_run.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <windows.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/utf.h"
#include "coroutines.h"
#include "platform/win/pipe.h"
#include "platform/win/processes.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
/// Between two looks at the memory in use: in this time it cannot grow much beyond
/// its limit.
constexpr std::chrono::milliseconds kWatchInterval{100};
constexpr std::size_t kMaxComplaintBytes = 4096;
constexpr UINT kKilledExitCode = 1;

}  // namespace

Result<std::unique_ptr<LimitedRun>> LimitedRun::start(asio::io_context& io,
                                                      std::string_view name,
                                                      platform::ChildOptions options,
                                                      platform::KernelHandle job,
                                                      const RunLimits& limits,
                                                      std::string input) {
  std::unique_ptr<LimitedRun> run(new LimitedRun(io, name, limits));
  run->job_ = std::move(job);
  run->to_write_ = std::move(input);
  VIGIL_TRY(run->begin(std::move(options)));
  return run;
}

Status LimitedRun::begin(platform::ChildOptions options) {
  platform::ChildPipe input;
  if (!to_write_.empty()) {
    VIGIL_TRY_ASSIGN(input, platform::create_child_pipe(platform::PipeDirection::ToChild));
    options.std_in = input.childs.get();
  }
  VIGIL_TRY_ASSIGN(auto output, platform::create_child_pipe(platform::PipeDirection::FromChild));
  VIGIL_TRY_ASSIGN(auto complaint, platform::create_child_pipe(platform::PipeDirection::FromChild));
  options.std_out = output.childs.get();
  options.std_err = complaint.childs.get();
  options.job = job_.get();
  options.background = true;
  VIGIL_TRY_ASSIGN(auto child, platform::start_child(options));
  mitigations_refused_ = child.mitigations_refused;
  process_.assign(child.process.release());
  if (input.ours) input_.assign(input.ours.release());
  output_.assign(output.ours.release());
  complaint_.assign(complaint.ours.release());
  return {};
}

asio::awaitable<Result<LimitedRun::Output>> LimitedRun::finish() {
  Output output;
  // All of them end with the process at the latest, and the watch sees to it that it ends.
  unfinished_ = 3;
  if (input_.is_open()) {
    ++unfinished_;
    spawn(io_, write());
  }
  spawn(io_, read(output_, limits_.output_bytes, limits_.ends_beyond, output.text));
  spawn(io_, read(complaint_, kMaxComplaintBytes, false, output.complaint));
  spawn(io_, await_end());
  co_await watch();
  if (!killed_for_.empty()) co_return Error{Errc::LimitExceeded, killed_for_};
  auto code = platform::exit_code(process_.native_handle());
  if (!code.ok()) co_return std::move(code).take_error();
  output.exit_code = *code;
  co_return output;
}

/// A program need not read all that it is given.
asio::awaitable<void> LimitedRun::write() {
  co_await asio::async_write(input_, asio::buffer(to_write_), kAwait);
  boost::system::error_code ignored;  // closing a valid handle does not fail
  input_.close(ignored);
  finished_one();
}

/// Everything that comes, up to \p limit; beyond it, the run is ended or the rest is dropped.
asio::awaitable<void> LimitedRun::read(Pipe& pipe,
                                       std::size_t limit,
                                       bool kill_beyond,
                                       std::string& text) {
  std::array<char, 16 * 1024> chunk;
  for (;;) {
    const auto [error, length] = co_await pipe.async_read_some(asio::buffer(chunk), kAwait);
    if (error) break;  // the other end is closed
    if (length > limit - text.size() && kill_beyond) {
      end_for(fmt::format("what {} printed is longer than {} bytes", name_, limit));
    }
    text.append(chunk.data(), std::min(length, limit - text.size()));
  }
  finished_one();
}

asio::awaitable<void> LimitedRun::await_end() {
  co_await process_.async_wait(kAwait);
  finished_one();
}

void LimitedRun::finished_one() {
  if (--unfinished_ == 0) watch_timer_.cancel();
}

/// Until all is finished.
asio::awaitable<void> LimitedRun::watch() {
  const auto deadline = std::chrono::steady_clock::now() + limits_.wall_time;
  while (unfinished_ > 0) {
    watch_timer_.expires_after(kWatchInterval);
    co_await watch_timer_.async_wait(kAwait);
    if (unfinished_ == 0) co_return;
    const auto memory = platform::committed_bytes(process_.native_handle());
    if (memory.ok() && *memory > limits_.memory_bytes) {
      end_for(fmt::format("{} used {} bytes of memory and may use {}", name_, *memory,
                          limits_.memory_bytes));
    } else if (std::chrono::steady_clock::now() >= deadline) {
      end_for(fmt::format("{} was not done after {}", name_, format_duration(limits_.wall_time)));
    }
  }
}

void LimitedRun::end_for(std::string reason) {
  if (killed_for_.empty()) killed_for_ = std::move(reason);
  kill();
}

void LimitedRun::kill() {
  // It may have ended by itself in this moment.
  ::TerminateJobObject(job_.get(), kKilledExitCode);
}

}  // namespace vigil::service
