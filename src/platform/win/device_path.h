// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace vigil::platform {

/// `C:\orders\OrdersApi.exe` of `\Device\HarddiskVolume3\orders\OrdersApi.exe`, by the letters that
/// drives have now; empty: it lies on none of them.
[[nodiscard]] std::string dos_path_of(std::string_view device_path);

}  // namespace vigil::platform
