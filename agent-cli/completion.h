// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "commands.h"

/// What a shell offers when Tab is pressed. The scripts ask the program itself, so they never grow
/// old.
namespace vigil::cli {

/// One command as completion sees it.
struct CompletionCommand {
  std::string name;
  std::vector<std::string> options;  ///< `--since`, `-n`; also those that every command takes.
  std::vector<std::string> verbs;    ///< The second words: `install`, `check`.
};

/// The candidates for the last of \p words, which a script puts `=` before (an empty word would get
/// lost on its way through PowerShell); the others are the words before it, without the program's
/// name.
[[nodiscard]] std::vector<std::string> complete(const Context& context,
                                                const std::vector<CompletionCommand>& commands,
                                                const std::vector<std::string>& words);

/// The script of \p shell, `bash` or `powershell`; empty: another shell.
[[nodiscard]] std::string completion_script(std::string_view shell);

}  // namespace vigil::cli
