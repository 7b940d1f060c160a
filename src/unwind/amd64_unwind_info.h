// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "base/byte_view.h"
#include "image/image.h"
#include "unwind/format.h"
#include "unwind/unwind.h"

namespace vigil::unwind {

/// One code with the slots that belong to it.
struct UnwindOperation {
  format::Operation kind = format::Operation::PushNonvolatile;
  std::uint8_t info = 0;
  std::uint8_t code_offset = 0;
  std::uint64_t operand = 0;  ///< Bytes allocated, or the offset of a saved register.
  std::uint32_t slots = 1;
};

/// UNWIND_INFO of one entry of the exception directory. Its codes stay in the image.
struct UnwindInfo {
  std::uint8_t version = 0;
  std::uint8_t prologue_size = 0;
  std::uint8_t frame_register = 0;  ///< 0: none.
  std::uint64_t frame_offset = 0;   ///< In bytes.
  RawArray<format::UnwindCode> codes;
  std::optional<image::RuntimeFunction> chained;

  /// The operation at slot \p index; nullopt when it is unknown or its slots do not fit.
  [[nodiscard]] std::optional<UnwindOperation> operation(std::uint64_t index) const;
};

[[nodiscard]] std::variant<UnwindInfo, StopReason> read_unwind_info(const image::PeImage& image,
                                                                    std::uint32_t rva);

}  // namespace vigil::unwind
