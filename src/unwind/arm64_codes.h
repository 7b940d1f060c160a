// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/byte_view.h"
#include "unwind/arm64_unwind_info.h"

namespace vigil::unwind {

/// The operations that the unwind codes of \p codes stand for, from byte \p index to the `end`
/// code; `prologue` of them belong to this function's own prologue, the rest to the function it is
/// a part of.
struct Arm64Codes {
  std::vector<Arm64Operation> operations;
  std::uint64_t prologue = 0;
};
/// Nullopt for a code that is reserved or only a kernel uses, and when there is no `end`.
[[nodiscard]] std::optional<Arm64Codes> decode_arm64_codes(ByteView codes, std::uint64_t index);

/// The same for a function whose prologue and epilogue are of the common kind, which fits in a
/// word.
[[nodiscard]] std::vector<Arm64Operation> expand_packed_arm64(std::uint32_t unwind_data);

}  // namespace vigil::unwind
