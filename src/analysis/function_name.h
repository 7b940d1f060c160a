// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace vigil::analysis {

/// \p function without parameters, template arguments and what config/siglists/trim.txt names: what
/// stays the same from build to build.
[[nodiscard]] std::string normalize_function(std::string_view function);

}  // namespace vigil::analysis
