// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vigil::analysis {

struct FillPattern {
  std::uint32_t bits;
  std::string_view memory;  ///< `freed memory`
  std::string_view filler;  ///< `the debug C runtime`
};

struct FillMatch {
  const FillPattern* pattern;
  std::uint64_t offset;  ///< What was added to the pattern.
};

/// \p value as a pointer out of memory that somebody filled, and a small offset; \p wide: of 64
/// bits.
[[nodiscard]] std::optional<FillMatch> find_fill_pattern(std::uint64_t value, bool wide) noexcept;

/// The characters that \p value is made of in memory when all of it is text: `not stra` for
/// 0x6172747320746f6e. Empty: it is not.
[[nodiscard]] std::string text_of(std::uint64_t value, bool wide);

}  // namespace vigil::analysis
