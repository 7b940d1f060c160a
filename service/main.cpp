// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/version.h"
#include "host.h"
#include "options.h"

namespace {

vigil::ExitCode run(const std::vector<std::string>& args) {
  using namespace vigil;
  const auto options = service::parse_options(args);
  if (!options.ok()) {
    fmt::print(stderr, "vigil-service: {}\n", options.error().message());
    return ExitCode::Usage;
  }
  if (options->help) {
    fmt::print("{}", service::usage());
    return ExitCode::Ok;
  }
  if (options->version) {
    fmt::print("vigil-service {}\n", kVersion);
    return ExitCode::Ok;
  }
  if (!options->wait_chain_target.empty())
    return service::run_wait_chain_reader(options->wait_chain_target);
  if (options->restart) return service::run_restart();
  if (options->counters) return service::run_counter_reader();
  if (options->window_helper) return service::run_window_helper();
  return options->console ? service::run_in_console(*options) : service::run_as_service(*options);
}

}  // namespace

// The manifest makes UTF-8 this program's code page, so the arguments are UTF-8.
int main(int argc, char** argv) {
  try {
    return static_cast<int>(run({argv + (argc > 0 ? 1 : 0), argv + argc}));
  } catch (const std::exception& e) {
    fmt::print(stderr, "vigil-service: {}\n", e.what());
    return static_cast<int>(vigil::ExitCode::Failed);
  }
}
