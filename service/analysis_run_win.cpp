// SPDX-License-Identifier: Apache-2.0
#include "analysis_run.h"

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
#include "platform/win/pipe.h"
#include "platform/win/processes.h"
#include "platform/win/sandbox.h"
#include "platform/win/win_error.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
/// Between two looks at the memory in use: in this time it cannot grow much beyond
/// its limit.
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

}  // namespace

Result<std::unique_ptr<AnalysisRun>> AnalysisRun::analyze(
    asio::io_context& io,
    const std::filesystem::path& vigil,
    const std::filesystem::path& dump,
    const std::vector<std::string>& symbol_paths,
    const RunLimits& limits) {
  VIGIL_TRY_ASSIGN(const auto token, platform::create_sandbox_token());
  VIGIL_TRY_ASSIGN(const auto file, open_dump(dump));
  std::unique_ptr<AnalysisRun> run(new AnalysisRun(io, "the analyzer", limits));
  VIGIL_TRY_ASSIGN(run->job_, platform::create_sandbox_job({.memory_bytes = limits.memory_bytes,
                                                            .cpu_time = limits.wall_time}));
  platform::ChildOptions options;
  options.program = vigil;
  options.arguments = {
      "analyze",        "--json",
      "--dump-handle",  std::to_string(reinterpret_cast<std::uintptr_t>(file.get())),
      "--dump-name",    utf8_from_path(dump.filename()),
      "--symbol-cache", "none"};
  for (const auto& path : symbol_paths) {
    options.arguments.emplace_back("--symbols");
    options.arguments.push_back(path);
  }
  options.inherited = {file.get()};
  options.token = token.get();
  options.hardened = true;
  VIGIL_TRY(run->start(std::move(options)));
  return run;
}

Result<std::unique_ptr<AnalysisRun>> AnalysisRun::fetch_symbols(asio::io_context& io,
                                                                const std::filesystem::path& vigil,
                                                                const std::filesystem::path& report,
                                                                const std::string& symbol_path,
                                                                const std::filesystem::path& folder,
                                                                const RunLimits& limits) {
  std::unique_ptr<AnalysisRun> run(new AnalysisRun(io, "the download", limits));
  VIGIL_TRY_ASSIGN(run->job_, platform::create_sandbox_job({.memory_bytes = limits.memory_bytes,
                                                            .cpu_time = limits.wall_time}));
  platform::ChildOptions options;
  options.program = vigil;
  options.arguments = {"symbols",   "fetch",    utf8_from_path(report), "--json", "--symbols",
                       symbol_path, "--output", utf8_from_path(folder)};
  VIGIL_TRY(run->start(std::move(options)));
  return run;
}

Status AnalysisRun::start(platform::ChildOptions options) {
  VIGIL_TRY_ASSIGN(auto output, platform::create_child_pipe(platform::PipeDirection::FromChild));
  VIGIL_TRY_ASSIGN(auto complaint, platform::create_child_pipe(platform::PipeDirection::FromChild));
  options.std_out = output.childs.get();
  options.std_err = complaint.childs.get();
  options.job = job_.get();
  options.background = true;
  VIGIL_TRY_ASSIGN(auto child, platform::start_child(options));
  mitigations_refused_ = child.mitigations_refused;
  process_.assign(child.process.release());
  output_.assign(output.ours.release());
  complaint_.assign(complaint.ours.release());
  return {};
}

asio::awaitable<Result<AnalysisRun::Output>> AnalysisRun::finish() {
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
asio::awaitable<void> AnalysisRun::read(Pipe& pipe,
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

asio::awaitable<void> AnalysisRun::await_end() {
  co_await process_.async_wait(kAwait);
  finished_one();
}

void AnalysisRun::finished_one() {
  if (--unfinished_ == 0) watch_timer_.cancel();
}

/// Until all is finished.
asio::awaitable<void> AnalysisRun::watch() {
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

void AnalysisRun::end_for(std::string reason) {
  if (killed_for_.empty()) killed_for_ = std::move(reason);
  kill();
}

void AnalysisRun::kill() {
  // It may have ended by itself in this moment.
  ::TerminateJobObject(job_.get(), kKilledExitCode);
}

}  // namespace vigil::service
