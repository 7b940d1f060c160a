// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "analysis/analysis.h"

namespace vigil::analysis {

/// The same as analyze() for a snapshot of a whole machine: its bugcheck in words, the driver or
/// process to blame, and a signature of the same form as those of programs.
[[nodiscard]] Findings analyze_kernel(const Input& input);

}  // namespace vigil::analysis
