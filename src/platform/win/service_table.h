// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace vigil::platform {

/// Which services each process runs, by one question to the service manager. Names in its order.
using ServiceTable = std::map<ProcessId, std::vector<std::string>>;
[[nodiscard]] Result<ServiceTable> read_service_table();

/// The key of the service that is shown as \p display_name; empty: there is none.
[[nodiscard]] std::string service_key(std::string_view display_name);

}  // namespace vigil::platform
