// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace vigil::analysis {

struct FastFailInfo {
  std::uint64_t code;
  std::string_view name;     ///< `FATAL_APP_EXIT`
  std::string_view meaning;  ///< A few words for a person; empty: the name has to do.
};

[[nodiscard]] const FastFailInfo* find_fast_fail(std::uint64_t code) noexcept;

}  // namespace vigil::analysis
