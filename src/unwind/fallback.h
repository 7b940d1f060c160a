// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "unwind/target.h"

namespace vigil::unwind {

/// The three registers that frame pointers and scanning go by, of any processor.
struct Chain {
  std::uint64_t pc = 0;
  std::uint64_t sp = 0;
  std::uint64_t fp = 0;
};

/// How a processor and its compilers use frame pointers.
struct ChainRules {
  std::uint64_t word_bytes = 8;
  /// Code keeps a chain of frame pointers as a rule: a zero ends it, and an address in a module
  /// whose code nobody has will do. Otherwise there must be a call before it.
  bool is_convention = false;
  /// A scan takes an address in a module whose code nobody has.
  bool guess_without_code = false;
  /// The stack pointer is a multiple of 16 wherever a function calls, so that a return address lies
  /// 8 bytes below one.
  bool calls_aligned = false;
  /// The bits of a return address that are not its signature.
  std::uint64_t address_mask = ~std::uint64_t{0};
};

/// The caller by the saved frame pointer and return address that the frame pointer points at; or
/// EndOfStack at the end of the chain, or why there is none.
[[nodiscard]] std::variant<Chain, StopReason> follow_frame_pointer(const Target& target,
                                                                   const Chain& frame,
                                                                   const ChainRules& rules);

/// The nearest address up the stack that follows a call. A stack of the kernel has none of a
/// program.
[[nodiscard]] std::optional<Chain> scan_stack(const Target& target,
                                              const Chain& frame,
                                              const ChainRules& rules);

}  // namespace vigil::unwind
