// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pipeline/text_budget.h"
#include "report/report.h"
#include "snapshot/snapshot.h"

namespace vigil::pipeline {

/// What a snapshot says by itself: system, process, modules, memory, streams. Names are cut to
/// \p budget, lists to the limits of a report; a sentence in report.diagnostics says so.
void add_facts(const snapshot::Snapshot& snapshot, TextBudget& budget, report::Report& report);

/// Sums of the memory map.
[[nodiscard]] report::MemorySummary summarize_memory(const snapshot::Snapshot& snapshot);

}  // namespace vigil::pipeline
