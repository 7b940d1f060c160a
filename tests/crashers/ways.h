// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// The ways to die, each a function `inner_<way>` in the program's export table, so that its name
/// is found without a PDB. Every stack reads main, outer_frame, middle_frame, inner_<way>.
namespace vigil::crasher {

struct Way {
  std::string_view name;
  std::string_view what;            ///< One line for the usage text.
  std::uint32_t default_value;      ///< What `--value` replaces; what it means is the way's own.
  int (*die)(std::uint32_t value);  ///< Most do not return.
};

[[nodiscard]] std::span<const Way> ways();

}  // namespace vigil::crasher
