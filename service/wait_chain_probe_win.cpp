// SPDX-License-Identifier: Apache-2.0
// Both ends of a question about wait chains: it can hang, so a child asks it that may be ended.
#include <windows.h>

#include <array>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/windows/stream_handle.hpp>

#include "base/utf.h"
#include "host.h"
#include "options.h"
#include "platform/platform.h"
#include "platform/win/child_process.h"
#include "platform/win/pipe.h"
#include "platform/win/process_table.h"
#include "platform/win/processes.h"
#include "platform/win/sandbox.h"
#include "platform/win/security.h"
#include "platform/win/wait_chain.h"
#include "probe.h"
#include "watch/watch.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

/// Sixteen links with a name each.
constexpr std::size_t kMaxAnswerBytes = 16 * 1024;
/// What the child says when there is none: saying nothing is not knowing.
constexpr std::string_view kNoDeadlock = "none";

/// Ends \p process when \p patience runs out before it is cancelled.
asio::awaitable<void> end_in_time(std::shared_ptr<asio::steady_timer> patience,
                                  std::shared_ptr<platform::KernelHandle> process) {
  const auto [error] = co_await patience->async_wait(asio::as_tuple(asio::use_awaitable));
  if (!error) ::TerminateProcess(process->get(), static_cast<UINT>(ExitCode::Failed));
}

asio::awaitable<std::string> read_all(asio::windows::stream_handle& output) {
  std::string text;
  std::array<char, 1024> chunk{};
  while (text.size() < kMaxAnswerBytes) {
    const auto [error, length] =
        co_await output.async_read_some(asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
    if (error) break;
    text.append(chunk.data(), length);
  }
  co_return text;
}

Result<std::string> deadlock_of(std::string_view target) {
  const auto key = watch::parse_wait_chain_target(target);
  if (!key) return Error{Errc::Malformed, "no process"};
  VIGIL_TRY_ASSIGN(const auto functions, platform::wait_chain_functions());
  (void)platform::enable_privilege(L"SeDebugPrivilege");  // without it only one's own are seen
  platform::ProcessTable table;
  VIGIL_TRY(table.read());
  VIGIL_TRY_ASSIGN(auto found,
                   platform::find_deadlock(functions, key->pid.value, table.thread_ids(*key)));
  return std::move(found).value_or(std::string());
}

}  // namespace

asio::awaitable<ProbeAnswer> ask_wait_chain(rules::Probe probe) {
  const auto executor = co_await asio::this_coro::executor;
  const auto program = platform::current_program();
  auto output = platform::create_child_pipe(platform::PipeDirection::FromChild);
  if (!program.ok()) co_return no_answer(program.error().message());
  if (!output.ok()) co_return no_answer(output.error().message());
  platform::ChildOptions options;
  options.program = *program;
  options.arguments = {std::string(kWaitChainOption), probe.target};
  options.std_out = output->childs.get();
  options.background = true;
  // It ends with this coroutine, and with the service.
  const auto job = platform::create_kill_on_close_job();
  if (!job.ok()) co_return no_answer(job.error().message());
  options.job = job->get();
  auto child = platform::start_child(options);
  if (!child.ok()) co_return no_answer(child.error().message());
  output->childs.reset();
  asio::windows::stream_handle reader(executor, output->ours.release());
  const auto process = std::make_shared<platform::KernelHandle>(std::move(child->process));
  const auto patience = std::make_shared<asio::steady_timer>(executor, probe.timeout);
  asio::co_spawn(executor, end_in_time(patience, process), asio::detached);
  auto said = co_await read_all(reader);
  patience->cancel();
  // What was said by one that had to be ended is half a sentence.
  if (!said.ends_with('\n')) co_return no_answer("who was to look at its wait chains did not say");
  said.pop_back();
  if (said.ends_with('\r')) said.pop_back();
  co_return said == kNoDeadlock ? good_answer() : bad_answer(printable_utf8(said));
}

ExitCode run_wait_chain_reader(std::string_view target) {
  const auto found = deadlock_of(target);
  if (!found.ok()) return exit_code_for(found.error().code());
  fmt::print("{}\n", found->empty() ? kNoDeadlock : *found);
  return ExitCode::Ok;
}

}  // namespace vigil::service
