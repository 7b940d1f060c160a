// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::service {

Result<Options> parse_options(const std::vector<std::string>& args) {
  Options options;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--console") {
      options.console = true;
    } else if (args[i] == kWindowHelperOption) {
      options.window_helper = true;
    } else if (args[i] == kCounterOption) {
      options.counters = true;
    } else if (args[i] == kRestartOption) {
      options.restart = true;
    } else if (args[i] == kWaitChainOption) {
      if (++i == args.size()) return Error{Errc::Malformed, "--wait-chains needs a process"};
      options.wait_chain_target = args[i];
    } else if (args[i] == "--version") {
      options.version = true;
    } else if (args[i] == "--help" || args[i] == "-h") {
      options.help = true;
    } else if (args[i] == "--data") {
      if (++i == args.size()) return Error{Errc::Malformed, "--data needs a folder"};
      options.data_folder = path_from_utf8(args[i]);
      if (!options.data_folder.is_absolute()) {
        return Error{Errc::Malformed, fmt::format("--data needs a whole path, not '{}'", args[i])};
      }
    } else {
      return Error{Errc::Malformed, fmt::format("unknown option '{}'; see --help", args[i])};
    }
  }
  return options;
}

std::string_view usage() noexcept {
  return "usage: vigil-service [--console] [--data FOLDER]\n"
         "\n"
         "Notices when processes die, has dumps taken and analyzed, and keeps what happened.\n"
         "Started by the service manager; install it with 'vigil service install'.\n"
         "\n"
         "  --console      run in this terminal until Ctrl+C\n"
         "  --data FOLDER  settings, rules, store and dumps; default: Vigil in the ProgramData "
         "folder\n"
         "  --help, --version\n";
}

}  // namespace vigil::service
