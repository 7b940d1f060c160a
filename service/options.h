// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vigil::service {

/// The name under which the service manager knows the service; the source of its events, too.
inline constexpr std::string_view kServiceName = "Vigil";

/// The service starts itself with this in the session of a person.
inline constexpr std::string_view kWindowHelperOption = "--window-helper";

/// And with this and a process, which it asks about and may end while it asks.
inline constexpr std::string_view kWaitChainOption = "--wait-chains";

/// And with this, to read the performance counters that its input names.
inline constexpr std::string_view kCounterOption = "--counters";

/// And with this, to restart the service that its input names.
inline constexpr std::string_view kRestartOption = "--restart-service";
/// What that says behind the service's name when nothing was to be done.
inline constexpr std::string_view kRunsAgain = "runs again already";

struct Options {
  std::string wait_chain_target;
  bool restart = false;
  bool window_helper = false;
  bool counters = false;
  bool console = false;  ///< In a terminal, until Ctrl+C.
  bool help = false;
  bool version = false;
  std::filesystem::path data_folder;  ///< Empty: the system's.
};

/// \p args without the program's name. Errors name the option.
[[nodiscard]] Result<Options> parse_options(const std::vector<std::string>& args);

[[nodiscard]] std::string_view usage() noexcept;

}  // namespace vigil::service
