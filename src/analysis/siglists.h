// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// The lists of config/siglists, compiled in. docs/formats/signature.md says what each is for.
namespace vigil::analysis {

enum class SigList : std::uint8_t { Sentinel, Irrelevant, Prefix };

/// The pattern of \p list that matches; empty: none does. \p module is a file name in lower case,
/// \p function a normalised name, or empty.
[[nodiscard]] std::string_view find_pattern(SigList list,
                                            std::string_view module,
                                            std::string_view function) noexcept;

/// The pattern of the list of irrelevant frames that covers all functions of \p module, a file name
/// in lower case; empty: none does.
[[nodiscard]] std::string_view find_system_module(std::string_view module) noexcept;

/// The lines of trim.txt.
[[nodiscard]] std::span<const std::string_view> trim_texts() noexcept;

/// Whether \p text matches \p pattern, in which * stands for any characters.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text) noexcept;

}  // namespace vigil::analysis
