// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>
#include <system_error>

#include <unistd.h>

#include "platform/platform.h"
#include "platform/posix_error.h"

namespace vigil::platform {
namespace {

/// The value of an environment variable, empty when unset. Read once at start, before there are
/// threads.
std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value != nullptr ? value : "";
}

bool is_terminal(int descriptor) {
  const auto term = environment("TERM");
  return ::isatty(descriptor) == 1 && !term.empty() && term != "dumb";
}

}  // namespace

Result<std::filesystem::path> default_data_folder() {
  if (const auto state = environment("XDG_STATE_HOME"); !state.empty() && state.front() == '/') {
    return std::filesystem::path(state) / "vigil";
  }
  if (const auto home = environment("HOME"); !home.empty()) {
    return std::filesystem::path(home) / ".local" / "state" / "vigil";
  }
  return Error{Errc::NotFound,
               "neither XDG_STATE_HOME nor HOME is set; name the data folder with --data"};
}

Result<std::filesystem::path> default_cache_folder() {
  if (const auto cache = environment("XDG_CACHE_HOME"); !cache.empty() && cache.front() == '/') {
    return std::filesystem::path(cache) / "vigil";
  }
  if (const auto home = environment("HOME"); !home.empty()) {
    return std::filesystem::path(home) / ".cache" / "vigil";
  }
  return Error{Errc::NotFound, "neither XDG_CACHE_HOME nor HOME is set"};
}

Result<std::filesystem::path> current_program() {
  std::error_code error;
  auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return Error{Errc::Io, "cannot read /proc/self/exe: " + error.message()};
  return path;
}

bool stdout_is_terminal() {
  return is_terminal(STDOUT_FILENO);
}
bool stderr_is_terminal() {
  return is_terminal(STDERR_FILENO);
}

}  // namespace vigil::platform
