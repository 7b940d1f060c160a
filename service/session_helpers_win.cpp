// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
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
    if (helpers_.contains(session)) continue;
    const auto started = start(session);
    if (started.ok()) continue;
    auto complaint = started.error().message();
    if (complaint != std::exchange(complaint_, complaint))
      parts_.log.warn("{}; hung windows there are not seen", complaint);
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
  VIGIL_TRY_ASSIGN(const auto child, platform::start_child(options));
  const std::shared_ptr<Helper> helper(
      new Helper{asio::windows::stream_handle(parts_.io), asio::windows::stream_handle(parts_.io)});
  helper->input.assign(input.ours.release());
  helper->output.assign(output.ours.release());
  helpers_.emplace(session, helper);
  parts_.log.info("a helper ({}) looks for hung windows in session {}", child.pid.value, session);
  spawn(parts_.io, listen(session, helper));
  return {};
}

asio::awaitable<void> SessionHelpers::listen(std::uint32_t session,
                                             std::shared_ptr<Helper> helper) {
  std::string text;
  std::array<char, kMaxWindowReportBytes> chunk{};
  for (;;) {
    const auto [error, length] = co_await helper->output.async_read_some(
        asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
    const auto mine = helpers_.find(session);
    if (mine == helpers_.end() || mine->second != helper) co_return;  // not wanted any more
    text.append(chunk.data(), length);
    bool believed = !error && text.size() <= 2 * kMaxWindowReportBytes;
    for (auto end = text.find('\n'); believed && end != std::string::npos; end = text.find('\n')) {
      const auto hung = parse_window_report(std::string_view(text).substr(0, end));
      believed = hung.ok();
      if (believed) parts_.on_report(session, *hung);
      text.erase(0, end + 1);
    }
    if (believed) continue;
    parts_.log.debug("the window helper of session {} is gone", session);
    helpers_.erase(mine);
    parts_.on_end(session);
    co_return;
  }
}

}  // namespace vigil::service
