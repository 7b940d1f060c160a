// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "image/image.h"
#include "unwind/unwind.h"

namespace vigil::unwind {

inline constexpr std::uint8_t kArm64Fp = 29;
inline constexpr std::uint8_t kArm64Lr = 30;

/// What undoes one instruction of a prologue.
struct Arm64Operation {
  enum class Kind : std::uint8_t {
    Restore,  ///< Load \c first and \c second from \c offset, then release \c release bytes.
    SetFp,    ///< The frame pointer was set to the stack pointer plus \c offset.
    SignLr,   ///< The return address was signed.
    Nothing,  ///< An instruction that needs no undoing.
  };
  static constexpr std::uint8_t kNoRegister = 0xff;

  Kind kind = Kind::Nothing;
  std::uint8_t first = kNoRegister;
  std::uint8_t second = kNoRegister;
  std::uint32_t offset = 0;
  std::uint32_t release = 0;
};

/// The operations that lead from \p rva in \p function to its caller, in order: all of them from
/// the function's body, those that still matter from within its prologue or epilogue. \p exact: the
/// thread was stopped at \p rva, so that it can be in either; otherwise it is in the body.
[[nodiscard]] std::variant<std::vector<Arm64Operation>, StopReason> arm64_operations(
    const image::PeImage& image,
    const image::Arm64Function& function,
    std::uint64_t rva,
    bool exact);

}  // namespace vigil::unwind
