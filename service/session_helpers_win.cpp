// SPDX-License-Identifier: Apache-2.0
#include <windows.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "coroutines.h"
#include "options.h"
#include "platform/win/child_process.h"
#include "platform/win/pipe.h"
#include "platform/win/sessions.h"
#include "session_helpers.h"
#include "window_report.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

/// People log on seldom; a helper that ends at once is not started again at once.
constexpr std::chrono::seconds kLookEvery{5};
constexpr std::chrono::seconds kFirstPause{5}, kLongestPause{600};
constexpr std::chrono::milliseconds kListenEvery{300};
/// Where the windows are that a person sees.
constexpr const wchar_t* kPersonsDesktop = L"winsta0\\default";

}  // namespace

void SessionHelpers::want(bool wanted) {
  if (wanted) return look();
  for (auto& [session, helper] : std::exchange(helpers_, {})) {
    boost::system::error_code ignored;  // closing a valid handle does not fail
    helper->input.close(ignored);
    helper->output.close(ignored);
    parts_.on_end(session);
  }
}

void SessionHelpers::look() {
  const auto now = Clock::now();
  if (now < next_look_) return;
  next_look_ = now + kLookEvery;
  for (const auto session : platform::people_sessions()) {
    if (helpers_.contains(session) || now < retries_[session].at) continue;
    const auto started = start(session);
    if (started.ok() || !complained_.insert(session).second) continue;
    parts_.log.warn("{}; hung windows there are not seen", started.error().message());
  }
}

Status SessionHelpers::start(std::uint32_t session) {
  VIGIL_TRY_ASSIGN(const auto person, platform::session_user(session));
  VIGIL_TRY_ASSIGN(auto input, platform::create_child_pipe(platform::PipeDirection::ToChild));
  VIGIL_TRY_ASSIGN(auto output, platform::create_child_pipe(platform::PipeDirection::FromChild));
  platform::ChildOptions options;
  options.program = parts_.program;
  options.arguments = {std::string(kWindowHelperOption)};
  options.std_in = input.childs.get();
  options.std_out = output.childs.get();
  options.token = person.get();
  options.desktop = kPersonsDesktop;
  options.background = true;
  VIGIL_TRY_ASSIGN(auto child, platform::start_child(options));
  const std::shared_ptr<Helper> helper(new Helper{asio::windows::stream_handle(parts_.io),
                                                  asio::windows::stream_handle(parts_.io),
                                                  std::move(child.process)});
  helper->input.assign(input.ours.release());
  helper->output.assign(output.ours.release());
  helpers_.emplace(session, helper);
  parts_.log.info("a helper ({}) looks for hung windows in session {}", child.pid.value, session);
  spawn(parts_.io, listen(session, helper));
  return {};
}

/// A person may end his helper as often as he likes, or stop it for ever.
void SessionHelpers::lose(std::uint32_t session) {
  const auto found = helpers_.find(session);
  if (found == helpers_.end()) return;
  ::TerminateProcess(found->second->process.get(), 1);
  helpers_.erase(found);
  parts_.on_end(session);
  auto& retry = retries_[session];
  retry.pause = std::clamp(retry.pause * 2, kFirstPause, kLongestPause);
  retry.at = Clock::now() + retry.pause;
  parts_.log.debug("the window helper of session {} is gone; the next one in {} s", session,
                   retry.pause.count());
}

asio::awaitable<void> SessionHelpers::listen(std::uint32_t session,
                                             std::shared_ptr<Helper> helper) {
  std::string text;
  std::array<char, kMaxWindowReportBytes> chunk{};
  asio::steady_timer pause(parts_.io);
  for (;;) {
    const auto [error, length] = co_await helper->output.async_read_some(
        asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
    const auto mine = helpers_.find(session);
    if (mine == helpers_.end() || mine->second != helper) co_return;  // not wanted any more
    text.append(chunk.data(), length);
    // Whatever it says, once in a while is enough: the last whole line counts.
    const auto end = text.rfind('\n');
    bool believed = !error && text.size() <= 2 * kMaxWindowReportBytes;
    if (believed && end != std::string::npos) {
      const auto before = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
      const auto begin = before == std::string::npos ? 0 : before + 1;
      const auto hung = parse_window_report(std::string_view(text).substr(begin, end - begin));
      believed = hung.ok();
      if (believed) parts_.on_report(session, *hung);
      text.erase(0, end + 1);
    }
    if (!believed) co_return lose(session);
    pause.expires_after(kListenEvery);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

}  // namespace vigil::service
