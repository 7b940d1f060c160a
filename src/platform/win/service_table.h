// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace vigil::platform {

/// Which services each process runs, by one question to the service manager. Names in its order.
using ServiceTable = std::map<ProcessId, std::vector<std::string>>;
[[nodiscard]] Result<ServiceTable> read_service_table();

/// A service that is not stopped, as SERVICE_STATUS_PROCESS tells.
struct ServiceRow {
  ProcessId pid;
  std::string name;
  std::uint32_t state = 0;  ///< SERVICE_RUNNING and its like.
  std::uint32_t checkpoint = 0;
  Microseconds wait_hint{};
};
[[nodiscard]] Result<std::vector<ServiceRow>> read_service_rows();

/// A service that is not as it should be.
struct TroubledService {
  std::string name;
  std::uint32_t state = 0;      ///< SERVICE_STOPPED and its like.
  std::uint32_t exit_code = 0;  ///< Win32, of a stopped one.
};
/// Those that are pending, paused, or stopped with an error, \p limit at most.
[[nodiscard]] Result<std::vector<TroubledService>> troubled_services(std::size_t limit);

/// The key of the service that is shown as \p display_name; empty: there is none.
[[nodiscard]] std::string service_key(std::string_view display_name);

}  // namespace vigil::platform
