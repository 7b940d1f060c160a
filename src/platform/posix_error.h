// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"

namespace vigil::platform {

/// The failure that errno tells of: `what: strerror`.
[[nodiscard]] Error from_errno(std::string_view what);

}  // namespace vigil::platform
