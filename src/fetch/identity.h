// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "fetch/fetch.h"

namespace vigil::fetch {

/// Whether the file at \p path is of the build \p id: a PDB or an image by \p kind, or a `.sym`.
/// The error says what it is instead.
[[nodiscard]] Status check_identity(const std::filesystem::path& path,
                                    Kind kind,
                                    bool sym,
                                    std::string_view id);

}  // namespace vigil::fetch
