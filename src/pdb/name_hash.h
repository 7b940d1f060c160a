// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace vigil::pdb {

/// What the tables of names in a PDB file a name under, before the remainder by their buckets.
/// Upper and lower case of ASCII letters come to the same.
[[nodiscard]] std::uint32_t hash_name(std::string_view name) noexcept;

}  // namespace vigil::pdb
