// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "platform/win/handle.h"

namespace vigil::platform {

/// How to start a program. Handles are borrowed for the call.
struct ChildOptions {
  std::filesystem::path program{};
  std::vector<std::string> arguments{};  ///< UTF-8, unquoted, without the program's name.
  HANDLE std_in = nullptr;               ///< Null: none. These three must be inheritable.
  HANDLE std_out = nullptr;
  HANDLE std_err = nullptr;
  std::vector<HANDLE> inherited{};   ///< Besides the three; nothing else reaches the child.
  HANDLE token = nullptr;            ///< Null: as this program.
  const wchar_t* desktop = nullptr;  ///< `winsta0\default`; null: that of this program.
  HANDLE job = nullptr;              ///< The child is in it before it runs.
  bool shares_console = false;       ///< It talks to the person at this program's terminal.
  bool background = false;           ///< Below normal priority.
  bool hardened = false;  ///< With process mitigations, for a child that reads hostile input.
};

struct ChildProcess {
  KernelHandle process;
  ProcessId pid;
  bool mitigations_refused =
      false;  ///< hardened was asked for, and this system does not know all of it.
};

/// Starts the program without a window, with exactly the handles named, in a small environment.
[[nodiscard]] Result<ChildProcess> start_child(const ChildOptions& options);

/// One command line of a program and its arguments, so that CommandLineToArgvW takes it apart into
/// the same again.
[[nodiscard]] std::string command_line_of(const std::filesystem::path& program,
                                          const std::vector<std::string>& arguments);

}  // namespace vigil::platform
