// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "snapshot/snapshot.h"

/// The registers by the names that symbol files have for them, with or without `$`; those of x86
/// also by CodeView's numbers (`$20` is ebx). Null for any other name.
namespace vigil::unwind {

[[nodiscard]] std::uint64_t* find_register(snapshot::Amd64Context& context,
                                           std::string_view name) noexcept;
[[nodiscard]] std::uint32_t* find_register(snapshot::X86Context& context,
                                           std::string_view name) noexcept;
/// Also `fp` and `lr`.
[[nodiscard]] std::uint64_t* find_register(snapshot::Arm64Context& context,
                                           std::string_view name) noexcept;

}  // namespace vigil::unwind
