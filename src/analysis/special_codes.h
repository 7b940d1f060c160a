// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "analysis/crash.h"

namespace vigil::analysis {

/// What the parameters of one exception code point at, a sentence each in crash.decoded. Memory
/// that was not captured makes them say less.
void decode_heap_corruption(const Input& input, report::Crash& crash);
void decode_in_page_error(const Input& input, report::Crash& crash);
/// A DLL or function that the linker's delay loading did not find.
void decode_delay_load(const Input& input, DecodedCrash& result);
/// Errors that the Windows Runtime stored where they happened.
void decode_stowed(const Input& input, report::Crash& crash);

}  // namespace vigil::analysis
