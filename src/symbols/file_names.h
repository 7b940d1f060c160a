// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "symbols/symbols.h"

namespace vigil::symbols {

/// Whether a path that a dump names may be opened on Windows: on a drive by its letter, and nothing
/// that the system takes for a device. A share would send this account's credentials to whoever the
/// dump names.
[[nodiscard]] bool is_local_file_path(std::string_view path);

}  // namespace vigil::symbols
