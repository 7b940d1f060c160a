// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "analysis/crash.h"
#include "analysis/instruction.h"

namespace vigil::analysis {

/// Explains the access of an ACCESS_VIOLATION and of its like: which address it really was, and
/// what it says. \p instruction null: it could not be decoded.
void decode_access(const Input& input,
                   const snapshot::ThreadContext& context,
                   const Instruction* instruction,
                   DecodedCrash& result);

/// The same once the address is in the crash, and perhaps the kind of access.
void explain_access(const Input& input,
                    const snapshot::ThreadContext& context,
                    const Instruction* instruction,
                    DecodedCrash& result);

/// Where the record of a fault has -1 in place of the address: puts that which the instruction's
/// operand comes to in its place. Nothing, where the instruction or its registers do not say it.
void explain_hidden_address(const snapshot::SystemInfo& system,
                            const Instruction& instruction,
                            report::Crash& crash);

/// The module that holds \p address, and where in it: `orders.dll+0x1018`. Empty: none does.
[[nodiscard]] std::string place_in_module(const snapshot::Snapshot& snapshot,
                                          std::uint64_t address);

}  // namespace vigil::analysis
