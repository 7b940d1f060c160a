// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <windows.h>

namespace vigil::platform {

/// A library out of the system's folder and no other; null, with the last error: it cannot be
/// loaded. It stays for the life of the program.
[[nodiscard]] inline HMODULE system_library(const wchar_t* name) {
  return ::LoadLibraryExW(name, nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32);
}

/// Whether \p library has a function of this name; \p function then is it.
template <class Function>
[[nodiscard]] bool find_function(HMODULE library, const char* name, Function& function) {
  // By way of a function without arguments: a direct cast between unlike function types warns.
  function =
      reinterpret_cast<Function>(reinterpret_cast<void (*)()>(::GetProcAddress(library, name)));
  return function != nullptr;
}

}  // namespace vigil::platform
