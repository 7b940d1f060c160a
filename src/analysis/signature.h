// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "analysis/crash.h"

namespace vigil::analysis {

/// docs/formats/signature.md in code. \p stack null: there is none; \p crash null: nothing crashed.
[[nodiscard]] report::Signature make_signature(const report::Thread* stack,
                                               const DecodedCrash* crash);

/// \p function without parameters, template arguments and what compilers append to clones: what
/// stays the same from build to build.
[[nodiscard]] std::string normalize_function(std::string_view function);

}  // namespace vigil::analysis
