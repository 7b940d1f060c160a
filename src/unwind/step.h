// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>

#include "unwind/target.h"

namespace vigil::unwind {

/// One frame during a walk.
template <class Context>
struct Cursor {
  Context context;
  FrameTrust trust = FrameTrust::Context;
  /// The instruction pointer is at the instruction to run next and was not put there by a call:
  /// frame 0, and what an interrupt or exception stopped.
  bool exact = true;
  /// Of x86: what the function that this frame called was passed on the stack, in bytes, which is
  /// still there.
  std::uint32_t callee_params = 0;
};

/// Return addresses of ARM64 may be signed in the bits above these, but for bit 55: that says which
/// half of the addresses it is, the program's or the kernel's.
inline constexpr std::uint64_t kArm64AddressMask = 0x0000'ffff'ffff'ffff;

/// The address in \p value, whose bits outside of \p mask may be a signature.
[[nodiscard]] constexpr std::uint64_t without_signature(std::uint64_t value,
                                                        std::uint64_t mask) noexcept {
  constexpr std::uint64_t kOfKernel = std::uint64_t{1} << 55;
  return (value & kOfKernel) != 0 ? value | ~mask : value & mask;
}

/// The caller, or why it cannot be told.
template <class Context>
using Step = std::variant<Cursor<Context>, StopReason>;

/// The address to look up: inside the call for callers.
[[nodiscard]] inline std::uint64_t lookup_address(std::uint64_t resume, bool exact) noexcept {
  return exact || resume == 0 ? resume : resume - 1;
}

/// The caller of \p frame, which lies at \p place, by what the processor's convention and its
/// image's tables say. The walk checks what comes out.
[[nodiscard]] Step<snapshot::Amd64Context> unwind(const Target& target,
                                                  const Cursor<snapshot::Amd64Context>& frame,
                                                  const Target::OptionalPlace& place);
[[nodiscard]] Step<snapshot::X86Context> unwind(const Target& target,
                                                const Cursor<snapshot::X86Context>& frame,
                                                const Target::OptionalPlace& place);
[[nodiscard]] Step<snapshot::Arm64Context> unwind(const Target& target,
                                                  const Cursor<snapshot::Arm64Context>& frame,
                                                  const Target::OptionalPlace& place);

/// The caller of frame 0, which lies at \p place and of whose function nothing is known, when that
/// keeps no frame: the link register then leads out of the function. NoUnwindInfo when it does not
/// seem to.
[[nodiscard]] Step<snapshot::Arm64Context> return_from_leaf(const Target& target,
                                                            const snapshot::Arm64Context& context,
                                                            const Target::Place& place);

}  // namespace vigil::unwind
