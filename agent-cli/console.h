// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

/// The terminal and the command line, as each system has them.
namespace vigil::cli {

/// The arguments in UTF-8, without the program's name.
[[nodiscard]] std::vector<std::string> arguments(int argc, char** argv);

/// Once at the start: a reader that goes away must not end us by a signal, and line ends stay what
/// they are.
void prepare_streams();

/// Columns of the terminal on stdout; nothing: it is no terminal.
[[nodiscard]] std::optional<std::size_t> terminal_width();

/// Writes UTF-8 whole, to terminals in their own encoding. False: the stream is broken; a reader
/// that went away does not count.
[[nodiscard]] bool write_text(std::FILE* stream, std::string_view text);

/// The value of an environment variable in UTF-8; empty: there is none.
[[nodiscard]] std::string environment(const std::string& name);

/// While it lives, Ctrl-C asks for a stop instead of ending the process; a second one ends it. To
/// be made before there are other threads, and once at a time.
class InterruptCatcher {
 public:
  explicit InterruptCatcher(std::stop_source stop);
  ~InterruptCatcher();
  InterruptCatcher(const InterruptCatcher&) = delete;
  InterruptCatcher& operator=(const InterruptCatcher&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vigil::cli
