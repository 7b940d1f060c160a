// SPDX-License-Identifier: Apache-2.0
#include "eventlog/win/wevtapi.h"

#include <fmt/format.h>

#include "platform/win/win_error.h"

namespace vigil::eventlog {
namespace {

template <class Function>
bool find(HMODULE library, const char* name, Function& function) {
  // By way of a function without arguments: a direct cast between unlike function types warns.
  function =
      reinterpret_cast<Function>(reinterpret_cast<void (*)()>(::GetProcAddress(library, name)));
  return function != nullptr;
}

Result<Wevtapi> load() {
  // Never unloaded: it is used for as long as the program runs.
  const auto library = ::LoadLibraryExW(L"wevtapi.dll", nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32);
  if (library == nullptr) {
    const auto why = platform::from_last_error("wevtapi.dll cannot be loaded");
    return Error{Errc::Unsupported, why.message(), why.os_code()};
  }
  Wevtapi api;
  const bool all = find(library, "EvtSubscribe", api.subscribe) &&
                   find(library, "EvtNext", api.next) && find(library, "EvtRender", api.render) &&
                   find(library, "EvtCreateBookmark", api.create_bookmark) &&
                   find(library, "EvtUpdateBookmark", api.update_bookmark) &&
                   find(library, "EvtClose", api.close);
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
