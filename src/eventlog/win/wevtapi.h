// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <windows.h>
// After windows.h, which it needs.
#include <winevt.h>

#include "base/result.h"
#include "platform/win/handle.h"

namespace vigil::eventlog {

/// The functions of wevtapi.dll that are used, found at run time: where the event log is missing or
/// not all there, everything else goes on.
struct Wevtapi {
  decltype(&::EvtSubscribe) subscribe = nullptr;
  decltype(&::EvtNext) next = nullptr;
  decltype(&::EvtRender) render = nullptr;
  decltype(&::EvtCreateBookmark) create_bookmark = nullptr;
  decltype(&::EvtUpdateBookmark) update_bookmark = nullptr;
  decltype(&::EvtClose) close = nullptr;
};

/// From the system's folder only. Errc::Unsupported where the library or one of the functions is
/// not there. The answer holds for the life of the program.
[[nodiscard]] Result<const Wevtapi*> wevtapi();

/// A handle of the event log, closed by EvtClose.
struct EventHandleTraits {
  using Raw = EVT_HANDLE;
  static Raw invalid() noexcept { return nullptr; }
  static void close(Raw raw) noexcept;
};
using EventHandle = platform::UniqueHandle<EventHandleTraits>;

}  // namespace vigil::eventlog
