// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "pipeline/pipeline.h"
#include "report/report.h"
#include "snapshot/snapshot.h"
#include "symbols/symbols.h"

namespace vigil::pipeline {

/// Walks the threads of each of \p samples, one dump after the other, and says of each thread of
/// \p report, whose stacks are those of \p dump, what it did in them. Answers what is to be told of
/// samples that could not be used.
[[nodiscard]] std::vector<std::string> add_samples(const snapshot::Snapshot& dump,
                                                   const std::vector<Sample>& samples,
                                                   symbols::Library& library,
                                                   const Limits& limits,
                                                   report::Report& report);

}  // namespace vigil::pipeline
