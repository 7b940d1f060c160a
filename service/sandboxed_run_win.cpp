// SPDX-License-Identifier: Apache-2.0
#include "sandboxed_run.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <windows.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/utf.h"
#include "coroutines.h"
#include "platform/win/child_process.h"
#include "platform/win/pipe.h"
#include "platform/win/processes.h"
#include "platform/win/sandbox.h"
#include "platform/win/win_error.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
/// Between two looks at the analyzer's memory: in this time it cannot take much more than it may
/// have.
constexpr std::chrono::milliseconds kWatchInterval{100};
constexpr std::size_t kMaxComplaintBytes = 4096;
constexpr UINT kKilledExitCode = 1;

Result<platform::FileHandle> open_dump(const std::filesystem::path& path) {
  SECURITY_ATTRIBUTES inheritable{sizeof(inheritable), nullptr, TRUE};
  platform::FileHandle file(::CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ, &inheritable,
                                          OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file) return platform::from_last_error(fmt::format("cannot open {}", utf8_from_path(path)));
  return file;
}

std::vector<std::string> arguments_for(HANDLE dump, const std::filesystem::path& path) {
  return {"analyze",       "--json",
          "--dump-handle", std::to_string(reinterpret_cast<std::uintptr_t>(dump)),
          "--dump-name",   utf8_from_path(path.filename())};
}

}  // namespace

Result<std::unique_ptr<SandboxedRun>> SandboxedRun::start(asio::io_context& io,
                                                          const std::filesystem::path& analyzer,
                                                          const std::filesystem::path& dump,
                                                          const SandboxLimits& limits) {
  VIGIL_TRY_ASSIGN(const auto token, platform::create_sandbox_token());
  std::unique_ptr<SandboxedRun> run(new SandboxedRun(io, limits));
  VIGIL_TRY_ASSIGN(run->job_, platform::create_sandbox_job({.memory_bytes = limits.memory_bytes,
                                                            .cpu_time = limits.wall_time}));
  VIGIL_TRY_ASSIGN(auto output, platform::create_child_pipe(platform::PipeDirection::FromChild));
  VIGIL_TRY_ASSIGN(auto complaint, platform::create_child_pipe(platform::PipeDirection::FromChild));
  VIGIL_TRY_ASSIGN(const auto file, open_dump(dump));
  platform::ChildOptions options;
  options.program = analyzer;
  options.arguments = arguments_for(file.get(), dump);
  options.std_out = output.childs.get();
  options.std_err = complaint.childs.get();
  options.inherited = {file.get()};
  options.token = token.get();
  options.job = run->job_.get();
  options.background = true;
  options.hardened = true;
  VIGIL_TRY_ASSIGN(auto child, platform::start_child(options));
  run->mitigations_refused_ = child.mitigations_refused;
  run->process_.assign(child.process.release());
  run->output_.assign(output.ours.release());
  run->complaint_.assign(complaint.ours.release());
  return run;
}

asio::awaitable<Result<SandboxedRun::Output>> SandboxedRun::finish() {
  Output output;
  // All of them end with the process at the latest, and the watch sees to it that it ends.
  unfinished_ = 3;
  spawn(io_, read(output_, limits_.output_bytes, true, output.text));
  spawn(io_, read(complaint_, kMaxComplaintBytes, false, output.complaint));
  spawn(io_, await_end());
  co_await watch();
  if (!killed_for_.empty()) co_return Error{Errc::LimitExceeded, killed_for_};
  auto code = platform::exit_code(process_.native_handle());
  if (!code.ok()) co_return std::move(code).take_error();
  output.exit_code = *code;
  co_return output;
}

/// Everything that comes, up to \p limit; beyond it, the run is ended or the rest is dropped.
asio::awaitable<void> SandboxedRun::read(Pipe& pipe,
                                         std::size_t limit,
                                         bool kill_beyond,
                                         std::string& text) {
  std::array<char, 16 * 1024> chunk;
  for (;;) {
    const auto [error, length] = co_await pipe.async_read_some(asio::buffer(chunk), kAwait);
    if (error) break;  // the other end is closed
    if (length > limit - text.size() && kill_beyond) {
      end_for(fmt::format("the analyzer's report is longer than {} bytes", limit));
    }
    text.append(chunk.data(), std::min(length, limit - text.size()));
  }
  finished_one();
}

asio::awaitable<void> SandboxedRun::await_end() {
  co_await process_.async_wait(kAwait);
  finished_one();
}

void SandboxedRun::finished_one() {
  if (--unfinished_ == 0) watch_timer_.cancel();
}

/// Until all is finished.
asio::awaitable<void> SandboxedRun::watch() {
  const auto deadline = std::chrono::steady_clock::now() + limits_.wall_time;
  while (unfinished_ > 0) {
    watch_timer_.expires_after(kWatchInterval);
    co_await watch_timer_.async_wait(kAwait);
    if (unfinished_ == 0) co_return;
    const auto memory = platform::committed_bytes(process_.native_handle());
    if (memory.ok() && *memory > limits_.memory_bytes) {
      end_for(fmt::format("the analyzer used {} bytes of memory and may use {}", *memory,
                          limits_.memory_bytes));
    } else if (std::chrono::steady_clock::now() >= deadline) {
      end_for(
          fmt::format("the analyzer was not done after {}", format_duration(limits_.wall_time)));
    }
  }
}

void SandboxedRun::end_for(std::string reason) {
  if (killed_for_.empty()) killed_for_ = std::move(reason);
  kill();
}

void SandboxedRun::kill() {
  // It may have ended by itself in this moment.
  ::TerminateJobObject(job_.get(), kKilledExitCode);
}

}  // namespace vigil::service
