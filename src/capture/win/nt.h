// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture/win/windows.h"

#include "base/result.h"

namespace vigil::capture {

/// What only ntdll offers, looked up at run time: headers and import libraries differ in what they
/// know.
struct Nt {
  using Status = LONG;
  Status(NTAPI* suspend_process)(HANDLE);
  Status(NTAPI* resume_process)(HANDLE);
  Status(NTAPI* query_process)(HANDLE, ULONG what, void* out, ULONG size, ULONG* returned);
  Status(NTAPI* query_thread)(HANDLE, ULONG what, void* out, ULONG size, ULONG* returned);
  Status(NTAPI* query_system)(ULONG what, void* out, ULONG size, ULONG* returned);
  Status(NTAPI* query_object)(HANDLE, ULONG what, void* out, ULONG size, ULONG* returned);
  Status(NTAPI* get_version)(OSVERSIONINFOEXW*);
  /// Since Windows 10 1607; nullptr: threads have no names.
  HRESULT(WINAPI* get_thread_description)(HANDLE, PWSTR*);
  /// nullptr: no list of unloaded modules.
  void(NTAPI* get_unload_event_trace)(ULONG** element_size, ULONG** element_count, void** trace);

  [[nodiscard]] static Result<Nt> load();

  static constexpr Status kSuccess = 0;
  static constexpr Status kInfoLengthMismatch = static_cast<Status>(0xc000'0004u);
};

// The numbers of the questions, from the same sources as the functions.
inline constexpr ULONG kProcessBasicInformation = 0;
inline constexpr ULONG kProcessHandleInformation = 51;
inline constexpr ULONG kThreadBasicInformation = 0;
inline constexpr ULONG kThreadStartAddress = 9;
inline constexpr ULONG kSystemProcessInformation = 5;
inline constexpr ULONG kObjectNameInformation = 1;
inline constexpr ULONG kObjectTypeInformation = 2;

}  // namespace vigil::capture
