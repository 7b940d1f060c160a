// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "image/image.h"
#include "unwind/amd64_unwind_info.h"
#include "unwind/target.h"

namespace vigil::unwind {

/// A function that a thread was stopped in.
struct Amd64Function {
  const image::PeImage& image;
  image::RuntimeFunction entry;
  const UnwindInfo& info;
};

/// When \p rva is in an epilogue of \p function: \p context as it is after the rest of the epilogue
/// with its return, without the registers that only the epilogue's callers lose. Otherwise nullopt,
/// also when the stack it needs is not there.
[[nodiscard]] std::optional<snapshot::Amd64Context> run_epilogue(
    const Target& target,
    const Amd64Function& function,
    std::uint64_t rva,
    const snapshot::Amd64Context& context);

}  // namespace vigil::unwind
