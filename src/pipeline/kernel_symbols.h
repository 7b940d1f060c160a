// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kerneldump/kerneldump.h"
#include "symbols/symbols.h"

namespace vigil::pipeline {

/// The kernel's PDB from \p library, for a dump that is being read: kerneldump knows no PDBs, and
/// symbols knows no kernel dumps. Only one of the kernel's very build is of use. What is open stays
/// open in \p library, which nothing else uses meanwhile and which must outlive the result.
[[nodiscard]] kerneldump::FindKernelSymbols find_kernel_symbols(symbols::Library& library);

}  // namespace vigil::pipeline
