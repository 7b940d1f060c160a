// SPDX-License-Identifier: Apache-2.0
#include "pdb/name_hash.h"

#include <cstddef>

namespace vigil::pdb {
namespace {

/// The \p count bytes from \p at on, the lowest first.
std::uint32_t little_endian(std::string_view text, std::size_t at, std::size_t count) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value |= std::uint32_t{static_cast<unsigned char>(text[at + i])} << (8 * i);
  return value;
}

}  // namespace

std::uint32_t hash_name(std::string_view name) noexcept {
  constexpr std::uint32_t kLowerCase = 0x2020'2020;
  std::uint32_t hash = 0;
  std::size_t at = 0;
  for (const std::size_t width : {std::size_t{4}, std::size_t{2}, std::size_t{1}}) {
    for (; name.size() - at >= width; at += width) hash ^= little_endian(name, at, width);
  }
  hash |= kLowerCase;
  hash ^= hash >> 11;
  return hash ^ (hash >> 16);
}

}  // namespace vigil::pdb
