// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pipeline/text_budget.h"
#include "report/report.h"
#include "snapshot/snapshot.h"

namespace vigil::pipeline {

/// The machine and its system in the words of a report, which are cut to \p budget.
[[nodiscard]] report::System system_of(const snapshot::SystemInfo& info, TextBudget& budget);

}  // namespace vigil::pipeline
