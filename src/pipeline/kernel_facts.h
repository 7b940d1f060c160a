// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pipeline/text_budget.h"
#include "report/report.h"
#include "snapshot/snapshot.h"

namespace vigil::pipeline {

/// What a snapshot of a whole machine has beyond what add_facts() takes over, which comes first.
void add_kernel_facts(const snapshot::Snapshot& snapshot,
                      TextBudget& budget,
                      report::Report& report);

}  // namespace vigil::pipeline
