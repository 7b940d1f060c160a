// SPDX-License-Identifier: Apache-2.0
#include "capture/win/nt.h"

#include <cstring>

#include "platform/win/win_error.h"

namespace vigil::capture {
namespace {

/// A function pointer of any type out of a module; false when it is not there.
template <class Function>
bool find(HMODULE module, const char* name, Function& function) {
  const auto found = ::GetProcAddress(module, name);
  static_assert(sizeof(found) == sizeof(function));
  std::memcpy(&function, &found, sizeof(function));
  return found != nullptr;
}

}  // namespace

Result<Nt> Nt::load() {
  const auto ntdll = ::GetModuleHandleW(L"ntdll.dll");
  const auto kernel = ::GetModuleHandleW(L"kernel32.dll");
  if (ntdll == nullptr || kernel == nullptr)
    return platform::from_last_error("cannot find ntdll and kernel32");
  Nt nt{};
  const bool complete = find(ntdll, "NtSuspendProcess", nt.suspend_process) &&
                        find(ntdll, "NtResumeProcess", nt.resume_process) &&
                        find(ntdll, "NtQueryInformationProcess", nt.query_process) &&
                        find(ntdll, "NtQueryInformationThread", nt.query_thread) &&
                        find(ntdll, "NtQuerySystemInformation", nt.query_system) &&
                        find(ntdll, "NtQueryObject", nt.query_object) &&
                        find(ntdll, "RtlGetVersion", nt.get_version);
  if (!complete) return platform::from_last_error("ntdll lacks a function that a dump needs");
  if (!find(kernel, "GetThreadDescription", nt.get_thread_description)) {
    const auto base = ::GetModuleHandleW(L"kernelbase.dll");  // Where Windows 10 1607 has it.
    if (base != nullptr) (void)find(base, "GetThreadDescription", nt.get_thread_description);
  }
  (void)find(ntdll, "RtlGetUnloadEventTraceEx", nt.get_unload_event_trace);
  return nt;
}

}  // namespace vigil::capture
