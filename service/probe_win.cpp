// SPDX-License-Identifier: Apache-2.0
#include <windows.h>

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/time.h"
#include "platform/win/handle.h"
#include "platform/win/text.h"
#include "platform/win/win_error.h"
#include "probe.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

constexpr std::chrono::milliseconds kTryAgain{50};

}  // namespace

/// Opening never blocks: while all instances of a pipe are taken it fails at once, and waiting for
/// one here would hold up the service.
asio::awaitable<ProbeAnswer> ask_pipe(rules::Probe probe) {
  const auto name = platform::wide_from_utf8(probe.target);
  const auto deadline = std::chrono::steady_clock::now() + probe.timeout;
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (;;) {
    // Anonymous: whoever serves the pipe must not act as the service.
    const platform::FileHandle pipe(
        ::CreateFileW(name.c_str(), GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING,
                      SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, nullptr));
    if (pipe) co_return good_answer();
    const auto error = ::GetLastError();
    if (error != ERROR_PIPE_BUSY) {
      auto why = platform::from_win32(error, "it cannot be opened").message();
      co_return error == ERROR_ACCESS_DENIED ? no_answer(std::move(why))
                                             : bad_answer(std::move(why));
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      co_return bad_answer("all its instances were taken for " + format_duration(probe.timeout));
    }
    pause.expires_after(kTryAgain);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<ProbeAnswer> ask(rules::Probe probe) {
  switch (probe.type) {
    case rules::Probe::Type::Http: co_return co_await ask_http(std::move(probe));
    case rules::Probe::Type::Tcp: co_return co_await ask_tcp(std::move(probe));
    case rules::Probe::Type::Pipe: co_return co_await ask_pipe(std::move(probe));
    case rules::Probe::Type::WaitChain: co_return co_await ask_wait_chain(std::move(probe));
    case rules::Probe::Type::Heartbeat: co_return look_at_heartbeat(probe);
  }
  co_return good_answer();
}

}  // namespace vigil::service
