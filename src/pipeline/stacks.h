// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "pipeline/pipeline.h"
#include "pipeline/text_budget.h"
#include "report/report.h"
#include "snapshot/snapshot.h"
#include "symbols/symbols.h"

namespace vigil::pipeline {

/// What walking needs. It owns nothing.
struct WalkInput {
  const snapshot::Snapshot& snapshot;
  snapshot::Memory& memory;
  const snapshot::ModuleMap& module_map;
  symbols::ModuleImages& images;
  symbols::SymbolFiles& symbols;
  const symbols::Library& library;  ///< Of both.
  bool named = true;                ///< Whether frames get their names.
};

/// Walks and names all threads, into report.threads in dump order, that of the exception first in
/// time. When the dump lost the record of that thread, one is added for it. What does not fit into
/// \p limits is left out; a sentence in report.diagnostics says so. Modules on a stack get their
/// symbol state.
void add_stacks(const WalkInput& input,
                const Limits& limits,
                TextBudget& budget,
                report::Report& report);

}  // namespace vigil::pipeline
