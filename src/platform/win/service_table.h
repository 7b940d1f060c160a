// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace vigil::platform {

/// Which services each process runs, by one question to the service manager. Names in its order.
using ServiceTable = std::map<ProcessId, std::vector<std::string>>;
[[nodiscard]] Result<ServiceTable> read_service_table();

}  // namespace vigil::platform
