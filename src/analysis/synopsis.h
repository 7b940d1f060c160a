// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "analysis/crash.h"
#include "analysis/hang.h"

namespace vigil::analysis {

/// One sentence without its full stop: which program did what, and where. \p findings have the
/// crash and the blame already; \p crash is null when nothing crashed, \p culprit when something
/// did.
[[nodiscard]] std::string make_synopsis(const Input& input,
                                        const Findings& findings,
                                        const DecodedCrash* crash,
                                        const Culprit* culprit);

}  // namespace vigil::analysis
