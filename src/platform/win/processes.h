// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "platform/win/handle.h"

/// A process of this machine, seen from outside.
namespace vigil::platform {

/// What of a process the rules look at. What cannot be read is empty.
struct ProcessDetails {
  std::string path;          ///< `C:\orders\OrdersApi.exe`
  std::string command_line;  ///< At most kMaxCommandLineBytes of it.
};
inline constexpr std::size_t kMaxCommandLineBytes = 32 * 1024;

/// A handle that lets its owner wait for the end of \p key and ask for its exit code.
/// Errc::NotFound when it is gone, or when the pid belongs to another process by now; AccessDenied.
[[nodiscard]] Result<KernelHandle> open_process(const ProcessKey& key);

/// Path and command line of the process behind \p process, which open_process() gave.
[[nodiscard]] ProcessDetails process_details(HANDLE process, ProcessId pid);

/// Of a process that has ended; STILL_ACTIVE (259) otherwise.
[[nodiscard]] Result<std::uint32_t> exit_code(HANDLE process);

/// The moment the process behind \p process was created.
[[nodiscard]] Result<Timestamp> creation_time(HANDLE process);

/// Who runs a process.
struct ProcessUser {
  std::string user;  ///< `S-1-5-…`; empty when it cannot be found out.
  Timestamp start;   ///< When the process was created.
};
/// Of the process that has this id now, or that had it and is still held by somebody. Errors: there
/// is none, or it cannot be opened.
[[nodiscard]] Result<ProcessUser> process_user(ProcessId pid);

/// Whether the system stops when this process ends.
[[nodiscard]] bool is_marked_critical(HANDLE process);

/// Memory that the process has committed for itself, in bytes.
[[nodiscard]] Result<std::uint64_t> committed_bytes(HANDLE process);

}  // namespace vigil::platform
