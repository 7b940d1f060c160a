// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include <fmt/format.h>

#include "base/utf.h"
#include "commands.h"

namespace vigil::cli {
namespace {

/// Talk, a line of it.
void tell(std::string_view line) {
  say(fmt::format("vigil: {}\n", printable_utf8(line)));
}

ExitCode needs_windows() {
  tell(
      "the service is a part of Vigil for Windows; on this system vigil analyzes and "
      "queries");
  return ExitCode::Failed;
}

}  // namespace

ExitCode run_service_install(const Context&, const ServiceOptions&) {
  return needs_windows();
}
ExitCode run_service_uninstall(const Context&, const ServiceOptions&) {
  return needs_windows();
}
ExitCode run_service_start(const Context&, const ServiceOptions&) {
  return needs_windows();
}
ExitCode run_service_stop(const Context&, const ServiceOptions&) {
  return needs_windows();
}

}  // namespace vigil::cli
