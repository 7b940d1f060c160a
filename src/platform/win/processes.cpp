// SPDX-License-Identifier: Apache-2.0
#include "platform/win/processes.h"

#include <array>
#include <cstddef>
#include <string>

#include <windows.h>

#include <psapi.h>
#include <winternl.h>

#include <fmt/format.h>

#include "base/byte_view.h"
#include "base/utf.h"
#include "platform/win/security.h"
#include "platform/win/text.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

constexpr DWORD kMaxPathUnits = 32'768;
constexpr auto kProcessCommandLineInformation = static_cast<PROCESSINFOCLASS>(60);
constexpr auto kProcessBreakOnTermination = static_cast<PROCESSINFOCLASS>(29);

/// Where a 64-bit process keeps its command line: PEB.ProcessParameters, then CommandLine in those.
constexpr std::uint64_t kPebProcessParameters = 0x20;
constexpr std::uint64_t kParametersCommandLine = 0x70;

/// UNICODE_STRING of a 64-bit process, with the pointer as the number it is to us.
struct RemoteString {
  std::uint16_t length;
  std::uint16_t maximum_length;
  std::uint32_t padding;
  std::uint64_t buffer;
};
static_assert(sizeof(RemoteString) == sizeof(UNICODE_STRING));

std::string path_of(HANDLE process) {
  std::wstring buffer(MAX_PATH, L'\0');
  for (;;) {
    auto units = static_cast<DWORD>(buffer.size());
    if (::QueryFullProcessImageNameW(process, 0, buffer.data(), &units) != FALSE) {
      return utf8_from_wide(std::wstring_view(buffer).substr(0, units));
    }
    if (::GetLastError() != ERROR_INSUFFICIENT_BUFFER || buffer.size() >= kMaxPathUnits) return {};
    buffer.resize(buffer.size() * 2);
  }
}

std::string text_of(ByteView utf16) {
  return utf8_from_utf16_bytes(utf16.clamp(0, kMaxCommandLineBytes)).text;
}

/// Asks the system, which needs no right to the process's memory. Empty where the system does not
/// know the question (Wine 8).
std::string command_line_from_system(HANDLE process) {
  std::vector<std::byte> buffer(sizeof(RemoteString) + 0x10000);  // a UNICODE_STRING's limit
  ULONG length = 0;
  const NTSTATUS status =
      ::NtQueryInformationProcess(process, kProcessCommandLineInformation, buffer.data(),
                                  static_cast<ULONG>(buffer.size()), &length);
  const ByteView view(buffer);
  const auto header = view.read<RemoteString>(0);
  if (status < 0 || !header.ok()) return {};
  return text_of(view.clamp(sizeof(RemoteString), header->length));
}

template <Raw T>
bool read_remote(HANDLE process, std::uint64_t address, T& value) {
  SIZE_T read = 0;
  return ::ReadProcessMemory(process, reinterpret_cast<const void*>(address), &value, sizeof(T),
                             &read) != FALSE &&
         read == sizeof(T);
}

/// Reads the process's own copy, which the process may have changed: a claim, as any name is.
std::string command_line_from_peb(ProcessId pid) {
  const KernelHandle process(
      ::OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_VM_READ, FALSE, pid.value));
  PROCESS_BASIC_INFORMATION basic{};
  if (!process || ::NtQueryInformationProcess(process.get(), ProcessBasicInformation, &basic,
                                              sizeof(basic), nullptr) < 0) {
    return {};
  }
  std::uint64_t parameters = 0;
  RemoteString command_line{};
  const auto peb = reinterpret_cast<std::uint64_t>(basic.PebBaseAddress);
  if (!read_remote(process.get(), peb + kPebProcessParameters, parameters) ||
      !read_remote(process.get(), parameters + kParametersCommandLine, command_line)) {
    return {};
  }
  std::vector<std::byte> units(command_line.length);
  SIZE_T read = 0;
  if (::ReadProcessMemory(process.get(), reinterpret_cast<const void*>(command_line.buffer),
                          units.data(), units.size(), &read) == FALSE) {
    return {};
  }
  return text_of(ByteView(std::span(units).first(read)));
}

}  // namespace

Result<Timestamp> creation_time(HANDLE process) {
  FILETIME created{}, exited{}, kernel{}, user{};
  if (::GetProcessTimes(process, &created, &exited, &kernel, &user) == FALSE) {
    return from_last_error("cannot read a process's creation time");
  }
  return timestamp_from_filetime((std::uint64_t{created.dwHighDateTime} << 32) |
                                 created.dwLowDateTime);
}

Result<ProcessUser> process_user(ProcessId pid) {
  const KernelHandle process(::OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid.value));
  if (!process) return from_last_error(fmt::format("cannot open process {}", pid.value));
  ProcessUser found;
  VIGIL_TRY_ASSIGN(found.start, creation_time(process.get()));
  KernelHandle token;
  if (::OpenProcessToken(process.get(), TOKEN_QUERY, token.put()) == FALSE) return found;
  DWORD size = 0;
  ::GetTokenInformation(token.get(), TokenUser, nullptr, 0, &size);
  std::vector<std::byte> buffer(size);
  if (::GetTokenInformation(token.get(), TokenUser, buffer.data(), size, &size) == FALSE) {
    return found;
  }
  found.user = sid_text(reinterpret_cast<const TOKEN_USER*>(buffer.data())->User.Sid);
  return found;
}

Result<KernelHandle> open_process(const ProcessKey& key) {
  KernelHandle process(
      ::OpenProcess(SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, key.pid.value));
  if (!process) {
    // What OpenProcess says of a pid that is not there.
    if (::GetLastError() == ERROR_INVALID_PARAMETER) {
      return Error{Errc::NotFound, fmt::format("process {} is gone", key.pid.value)};
    }
    return from_last_error(fmt::format("cannot open process {}", key.pid.value));
  }
  VIGIL_TRY_ASSIGN(const auto created, creation_time(process.get()));
  if (created != key.start) {
    return Error{Errc::NotFound,
                 fmt::format("process {} is gone, and its id is used again", key.pid.value)};
  }
  return process;
}

ProcessDetails process_details(HANDLE process, ProcessId pid) {
  ProcessDetails details{path_of(process), command_line_from_system(process)};
  if (details.command_line.empty()) details.command_line = command_line_from_peb(pid);
  return details;
}

Result<std::uint32_t> exit_code(HANDLE process) {
  DWORD code = 0;
  if (::GetExitCodeProcess(process, &code) == FALSE) {
    return from_last_error("cannot read a process's exit code");
  }
  return std::uint32_t{code};
}

bool is_marked_critical(HANDLE process) {
  ULONG critical = 0;
  return ::NtQueryInformationProcess(process, kProcessBreakOnTermination, &critical,
                                     sizeof(critical), nullptr) >= 0 &&
         critical != 0;
}

Result<std::uint64_t> committed_bytes(HANDLE process) {
  PROCESS_MEMORY_COUNTERS counters{};
  if (::GetProcessMemoryInfo(process, &counters, sizeof(counters)) == FALSE) {
    return from_last_error("cannot read a process's memory use");
  }
  return std::uint64_t{counters.PagefileUsage};
}

}  // namespace vigil::platform
