// SPDX-License-Identifier: Apache-2.0
#include "console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace vigil::cli {

std::vector<std::string> arguments(int argc, char** argv) {
  std::vector<std::string> result;
  for (int i = 1; i < argc; ++i) result.emplace_back(argv[i]);
  return result;
}

void prepare_streams() {
  std::signal(SIGPIPE, SIG_IGN);
}

std::optional<std::size_t> terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

bool write_text(std::FILE* stream, std::string_view text) {
  const bool whole =
      std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
  if (whole || errno != EPIPE) return whole;
  std::clearerr(stream);  // The reader has seen enough; run() asks the flag for what went wrong.
  return true;
}

}  // namespace vigil::cli
