// SPDX-License-Identifier: Apache-2.0
#pragma once

// winsock2.h comes before windows.h.
#include <winsock2.h>

#include <windows.h>

#include <cstdint>
#include <string>

#define VIGIL_EXPORT extern "C" __declspec(dllexport)

/// What the files of crasher.exe share, and the ways of ways_living.cpp and ways_events.cpp.
namespace vigil::crasher {

inline constexpr std::uint64_t kMegabyte = 1 << 20;

// The import libraries of mingw-w64 10 do not have it.
inline void name_this_thread(const std::wstring& name) {
  using SetThreadDescriptionFunction = HRESULT(WINAPI*)(HANDLE, PCWSTR);
  const HMODULE kernel = ::GetModuleHandleW(L"kernelbase.dll");
  const auto address = reinterpret_cast<void*>(::GetProcAddress(kernel, "SetThreadDescription"));
  if (address == nullptr) return;
  (void)reinterpret_cast<SetThreadDescriptionFunction>(address)(::GetCurrentThread(), name.c_str());
}

}  // namespace vigil::crasher

VIGIL_EXPORT int inner_spin(std::uint32_t value);
VIGIL_EXPORT int inner_grow(std::uint32_t value);
VIGIL_EXPORT int inner_serve(std::uint32_t value);
VIGIL_EXPORT int inner_stuck_server(std::uint32_t value);
VIGIL_EXPORT int inner_handles(std::uint32_t value);
VIGIL_EXPORT int inner_hung_window(std::uint32_t value);
VIGIL_EXPORT int inner_window(std::uint32_t value);
VIGIL_EXPORT int inner_stuck_service(std::uint32_t value);
VIGIL_EXPORT int inner_load_module(std::uint32_t value);
VIGIL_EXPORT int inner_thread_end(std::uint32_t value);
VIGIL_EXPORT int inner_thread_start(std::uint32_t value);
VIGIL_EXPORT int inner_debug_text(std::uint32_t value);
VIGIL_EXPORT int inner_msvc_exception(std::uint32_t value);
VIGIL_EXPORT int inner_first_chance(std::uint32_t value);
