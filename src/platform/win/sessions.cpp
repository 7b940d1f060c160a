// SPDX-License-Identifier: Apache-2.0
#include "platform/win/sessions.h"

#include <algorithm>
#include <memory>
#include <span>

#include <windows.h>

#include <wtsapi32.h>

#include <fmt/format.h>

#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

struct WtsFree {
  void operator()(void* memory) const noexcept { ::WTSFreeMemory(memory); }
};

constexpr DWORD kNoSession = 0xffff'ffff;

}  // namespace

std::vector<std::uint32_t> people_sessions() {
  std::vector<std::uint32_t> sessions;
  WTS_SESSION_INFOW* rows = nullptr;
  DWORD count = 0;
  if (::WTSEnumerateSessionsW(WTS_CURRENT_SERVER_HANDLE, 0, 1, &rows, &count) == FALSE) count = 0;
  const std::unique_ptr<WTS_SESSION_INFOW, WtsFree> owner(rows);
  for (const auto& row : std::span(rows, count)) {
    const bool has_person = row.State == WTSActive || row.State == WTSDisconnected;
    if (has_person && row.SessionId != 0) sessions.push_back(row.SessionId);
  }
  // Wine lists none and has one.
  const DWORD console = ::WTSGetActiveConsoleSessionId();
  if (count == 0 && console != kNoSession && console != 0) sessions.push_back(console);
  std::ranges::sort(sessions);
  return sessions;
}

Result<KernelHandle> session_user(std::uint32_t session) {
  KernelHandle token;
  if (::WTSQueryUserToken(session, token.put()) == FALSE)
    return from_last_error(fmt::format("cannot act for the person at session {}", session));
  return token;
}

}  // namespace vigil::platform
