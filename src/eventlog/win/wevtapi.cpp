// SPDX-License-Identifier: Apache-2.0
#include "eventlog/win/wevtapi.h"

#include <fmt/format.h>

#include "platform/win/system_library.h"
#include "platform/win/win_error.h"

namespace vigil::eventlog {
namespace {

using platform::find_function;

Result<Wevtapi> load() {
  const auto library = platform::system_library(L"wevtapi.dll");
  if (library == nullptr) {
    const auto why = platform::from_last_error("wevtapi.dll cannot be loaded");
    return Error{Errc::Unsupported, why.message(), why.os_code()};
  }
  Wevtapi api;
  const bool all = find_function(library, "EvtSubscribe", api.subscribe) &&
                   find_function(library, "EvtNext", api.next) &&
                   find_function(library, "EvtRender", api.render) &&
                   find_function(library, "EvtCreateBookmark", api.create_bookmark) &&
                   find_function(library, "EvtUpdateBookmark", api.update_bookmark) &&
                   find_function(library, "EvtClose", api.close);
  if (!all) return Error{Errc::Unsupported, "wevtapi.dll lacks functions of the event log"};
  return api;
}

const Result<Wevtapi>& loaded() {
  static const Result<Wevtapi> once = load();
  return once;
}

}  // namespace

Result<const Wevtapi*> wevtapi() {
  const auto& api = loaded();
  if (!api.ok()) return Error{api.error().code(), api.error().message(), api.error().os_code()};
  return &api.value();
}

void EventHandleTraits::close(Raw raw) noexcept {
  // Whoever has a handle has loaded the library.
  loaded().value().close(raw);
}

}  // namespace vigil::eventlog
