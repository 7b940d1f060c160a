// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Unwind information of x64 as it lies in images.
namespace vigil::unwind::format {

struct UnwindInfoHeader {
  std::uint8_t version_and_flags;  // version in the low 3 bits
  std::uint8_t size_of_prolog;
  std::uint8_t count_of_codes;  // in slots of 2 bytes
  std::uint8_t
      frame_register_and_offset;  // register in the low 4 bits, offset in units of 16 bytes
};
static_assert(sizeof(UnwindInfoHeader) == 4);
inline constexpr std::uint8_t kFlagChained = 4;  // UNW_FLAG_CHAININFO

struct UnwindCode {
  std::uint8_t code_offset;         // of the end of the prologue's instruction
  std::uint8_t operation_and_info;  // operation in the low 4 bits
};
static_assert(sizeof(UnwindCode) == 2);

enum class Operation : std::uint8_t {
  PushNonvolatile = 0,
  AllocateLarge = 1,
  AllocateSmall = 2,
  SetFrameRegister = 3,
  SaveNonvolatile = 4,
  SaveNonvolatileFar = 5,
  Epilogue = 6,  // version 2; SAVE_XMM in early version 1
  Spare = 7,     // SAVE_XMM_FAR in early version 1
  SaveXmm128 = 8,
  SaveXmm128Far = 9,
  PushMachineFrame = 10,
};

}  // namespace vigil::unwind::format
