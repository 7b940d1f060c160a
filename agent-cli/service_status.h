// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace vigil::cli {

struct ServiceStatus {
  bool running = false;
  std::string words;  ///< `running (pid 1234)`, `stopped`, `not installed`
};

/// What the service manager says of the Vigil service; nothing: this system has none.
[[nodiscard]] std::optional<Result<ServiceStatus>> query_service();

}  // namespace vigil::cli
