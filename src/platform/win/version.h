// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace vigil::platform {

/// The file version of the program at \p path as Windows tells it, `4.2.1.0`. Empty: it has none,
/// or does not lie on a local disk: this program would show its credentials to another machine.
[[nodiscard]] std::string file_version(const std::string& path);

}  // namespace vigil::platform
