// SPDX-License-Identifier: Apache-2.0
#include "capture/win/target_process.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/utf.h"
#include "platform/win/win_error.h"

namespace vigil::capture {
namespace {

constexpr DWORD kDumpRights = PROCESS_QUERY_INFORMATION | PROCESS_VM_READ | PROCESS_DUP_HANDLE |
                              PROCESS_SUSPEND_RESUME | SYNCHRONIZE;
constexpr DWORD kDebugRights = kDumpRights | PROCESS_VM_OPERATION | PROCESS_VM_WRITE |
                               PROCESS_SET_INFORMATION | PROCESS_CREATE_THREAD;
constexpr std::size_t kMaxPathUnits = 32 * 1024;

// Offsets of 64-bit Windows.
constexpr std::uint64_t kPebBytes = 0x7c8;
constexpr std::uint64_t kPebParameters = 0x20;
constexpr std::uint64_t kParametersBytes = 0x440;
constexpr std::uint64_t kParametersCommandLine = 0x70;
constexpr std::uint64_t kParametersEnvironment = 0x80;
constexpr std::uint64_t kParametersEnvironmentSize = 0x3f0;
/// An environment whose size is not known or not believed: what is withheld of it.
constexpr std::uint64_t kAssumedEnvironmentBytes = 64 << 10;
constexpr std::uint64_t kMaxEnvironmentBytes = 16 << 20;

/// Hold the credentials of everybody who is logged on; a dump of one is what thieves want.
constexpr std::array<std::string_view, 2> kSecretKeepers = {"lsass.exe", "lsaiso.exe"};
constexpr std::array<std::string_view, 4> kOwnPrograms = {"vigil.exe", "vigil-service.exe",
                                                          "vigil-dumper.exe", "vigil-dumper32.exe"};

/// Lets an administrator open processes of other accounts. Without the right this does nothing, and
/// the open fails with its own error.
void enable_debug_privilege() {
  platform::KernelHandle token;
  if (::OpenProcessToken(::GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, token.put()) == FALSE)
    return;
  TOKEN_PRIVILEGES privileges{.PrivilegeCount = 1,
                              .Privileges = {{.Luid = {}, .Attributes = SE_PRIVILEGE_ENABLED}}};
  if (::LookupPrivilegeValueW(nullptr, SE_DEBUG_NAME, &privileges.Privileges[0].Luid) == FALSE)
    return;
  ::AdjustTokenPrivileges(token.get(), FALSE, &privileges, 0, nullptr, nullptr);
}

Error open_error(ProcessId pid) {
  const DWORD code = ::GetLastError();
  if (code == ERROR_INVALID_PARAMETER) {
    return {Errc::NotFound, fmt::format("process {}: there is none with this id", pid.value), code};
  }
  return platform::from_win32(code, fmt::format("process {}: cannot open it", pid.value));
}

std::string image_path(HANDLE process) {
  std::wstring path(kMaxPathUnits, L'\0');
  auto length = static_cast<DWORD>(path.size());
  if (::QueryFullProcessImageNameW(process, 0, path.data(), &length) == FALSE) return {};
  return utf8_from_utf16(
             std::u16string(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(length)))
      .text;
}

std::uint64_t filetime_value(FILETIME time) {
  return (std::uint64_t{time.dwHighDateTime} << 32) | time.dwLowDateTime;
}

Status refuse(ProcessId pid, std::string_view process, TargetProcess::Use use) {
  const auto name = ascii_lower(process);
  const auto is_name = [&](std::string_view other) { return name == other; };
  if (std::ranges::any_of(kSecretKeepers, is_name)) {
    return Error{
        Errc::LimitExceeded,
        fmt::format("process {}: {} keeps the credentials of this machine, and is never dumped",
                    pid.value, process)};
  }
  if (use == TargetProcess::Use::Debug && std::ranges::any_of(kOwnPrograms, is_name)) {
    return Error{Errc::LimitExceeded,
                 fmt::format("process {}: {} is a program of Vigil, which does not debug itself",
                             pid.value, process)};
  }
  return {};
}

}  // namespace

bool LiveMemory::read(std::uint64_t address, std::span<std::byte> out) {
  SIZE_T done = 0;
  const auto* from = reinterpret_cast<const void*>(static_cast<std::uintptr_t>(address));
  return ::ReadProcessMemory(process_, from, out.data(), out.size(), &done) != FALSE &&
         done == out.size();
}

Result<TargetProcess> TargetProcess::open(const Nt& nt, ProcessId pid, Use use) {
  if (pid.value == ::GetCurrentProcessId()) {
    return Error{Errc::LimitExceeded, fmt::format("process {}: is this program itself", pid.value)};
  }
  enable_debug_privilege();
  TargetProcess target;
  target.pid_ = pid;
  target.handle_ = platform::KernelHandle(
      ::OpenProcess(use == Use::Debug ? kDebugRights : kDumpRights, FALSE, pid.value));
  if (!target.handle_) return open_error(pid);
  if (::WaitForSingleObject(target.handle(), 0) == WAIT_OBJECT_0) {
    return Error{Errc::NotFound, fmt::format("process {}: has ended", pid.value)};
  }
  BOOL wow64 = FALSE;
  if (::IsWow64Process(target.handle(), &wow64) != FALSE && wow64 != FALSE) {
    return Error{Errc::Unsupported,
                 fmt::format("process {}: is a 32-bit process, and only 64-bit ones can be dumped",
                             pid.value)};
  }
  VIGIL_TRY(target.read_facts(nt));
  VIGIL_TRY(refuse(pid, target.facts_.process, use));
  return target;
}

Status TargetProcess::read_facts(const Nt& nt) {
  struct BasicInformation {
    LONG exit_status;
    LONG padding;
    std::uint64_t peb;
    std::array<std::uint64_t, 4> rest;
  } basic{};
  if (const auto status =
          nt.query_process(handle(), kProcessBasicInformation, &basic, sizeof(basic), nullptr);
      status < 0) {
    return platform::from_ntstatus(status,
                                   fmt::format("process {}: cannot ask for its PEB", pid_.value));
  }
  peb_ = basic.peb;
  facts_.pid = pid_;
  facts_.path = image_path(handle());
  facts_.process = std::string(windows_file_name(facts_.path));
  FILETIME created{};
  FILETIME unused{};
  if (::GetProcessTimes(handle(), &created, &unused, &unused, &unused) != FALSE) {
    facts_.process_start = timestamp_from_filetime(filetime_value(created));
  }
  LiveMemory memory(handle());
  read_parameters(memory);
  return {};
}

void TargetProcess::read_parameters(TargetMemory& memory) {
  process_block_.push_back({peb_, kPebBytes});
  const auto parameters = memory.read_value<std::uint64_t>(peb_ + kPebParameters);
  if (!parameters) return;
  process_block_.push_back({*parameters, kParametersBytes});
  facts_.command_line = utf8_from_utf16(memory.read_unicode_string(
                                            *parameters + kParametersCommandLine, kMaxPathUnits))
                            .text;
  constexpr std::uint64_t kStringBuffer = 8;
  if (const auto text =
          memory.read_value<std::uint64_t>(*parameters + kParametersCommandLine + kStringBuffer);
      text && *text != 0) {
    const auto length = memory.read_value<std::uint16_t>(*parameters + kParametersCommandLine);
    command_line_.push_back({*text, length.value_or(0)});
  }
  const auto environment = memory.read_value<std::uint64_t>(*parameters + kParametersEnvironment);
  if (!environment || *environment == 0) return;
  const auto size =
      memory.read_value<std::uint64_t>(*parameters + kParametersEnvironmentSize).value_or(0);
  const bool believed = size != 0 && size <= kMaxEnvironmentBytes;
  environment_.push_back({*environment, believed ? size : kAssumedEnvironmentBytes});
}

}  // namespace vigil::capture
