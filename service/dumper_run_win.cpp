// SPDX-License-Identifier: Apache-2.0
#include "dumper_run.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/exit_code.h"
#include "base/utf.h"
#include "coroutines.h"
#include "platform/win/child_process.h"
#include "platform/win/pipe.h"
#include "platform/win/processes.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxComplaintBytes = 4096;

/// The last line of what it said, without its name.
std::string last_sentence(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const auto before = text.find_last_of("\r\n");
  if (before != std::string_view::npos) text.remove_prefix(before + 1);
  constexpr std::string_view kProgram = "vigil-dumper: ";
  if (text.starts_with(kProgram)) text.remove_prefix(kProgram.size());
  return printable_utf8(text);
}

}  // namespace

Result<std::shared_ptr<DumperRun>> DumperRun::start(asio::io_context& io,
                                                    const std::filesystem::path& dumper,
                                                    const capture::DumperOptions& options) {
  VIGIL_TRY_ASSIGN(auto input, platform::create_child_pipe(platform::PipeDirection::ToChild));
  VIGIL_TRY_ASSIGN(auto complaint, platform::create_child_pipe(platform::PipeDirection::FromChild));
  platform::ChildOptions child_options;
  child_options.program = dumper;
  child_options.arguments = capture::to_command_line(options);
  child_options.std_in = input.childs.get();
  child_options.std_err = complaint.childs.get();
  VIGIL_TRY_ASSIGN(auto child, platform::start_child(child_options));
  const std::shared_ptr<DumperRun> run(new DumperRun(io));
  run->process_.assign(child.process.release());
  run->input_.assign(input.ours.release());
  run->complaint_.assign(complaint.ours.release());
  return run;
}

asio::awaitable<Result<std::string>> DumperRun::finish(Microseconds patience) {
  patience_.expires_after(patience);
  spawn(io_, await_patience(shared_from_this()));
  const auto said = last_sentence(co_await read_complaint());
  co_await process_.async_wait(kAwait);
  patience_.cancel();
  const auto code = platform::exit_code(process_.native_handle());
  if (!code.ok()) co_return code.error();
  if (*code == static_cast<std::uint32_t>(ExitCode::Ok)) co_return said;
  if (gave_up_) {
    co_return Error{Errc::Busy, fmt::format("the dumper was not done after {}: {}",
                                            format_duration(patience), said)};
  }
  if (!said.empty()) co_return Error{Errc::Io, said};
  co_return Error{Errc::Io, fmt::format("the dumper ended with {:#x}", *code)};
}

asio::awaitable<void> DumperRun::await_patience(std::shared_ptr<DumperRun> run) {
  const auto [error] = co_await run->patience_.async_wait(kAwait);
  if (!error) run->give_up();
}

asio::awaitable<std::string> DumperRun::read_complaint() {
  std::string text;
  std::array<char, 1024> chunk{};
  for (;;) {
    const auto [error, length] = co_await complaint_.async_read_some(asio::buffer(chunk), kAwait);
    if (error) co_return text;
    text.append(chunk.data(), length);
    // The last line is what counts.
    if (text.size() > kMaxComplaintBytes) text.erase(0, text.size() - kMaxComplaintBytes);
  }
}

void DumperRun::give_up() {
  gave_up_ = true;
  boost::system::error_code ignored;  // closing a valid handle does not fail
  input_.close(ignored);
}

}  // namespace vigil::service
