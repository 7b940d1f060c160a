// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace vigil {

/// A GUID as files hold it: three little-endian numbers, and eight bytes.
struct Guid {
  std::uint32_t data1;
  std::uint16_t data2;
  std::uint16_t data3;
  std::array<std::uint8_t, 8> data4;
  friend bool operator==(const Guid&, const Guid&) = default;
};
static_assert(sizeof(Guid) == 16);

/// 32 upper-case hex digits without dashes, as symbol stores write it.
[[nodiscard]] std::string guid_digits(const Guid& guid);
/// `3f2504e0-4f89-11d3-9a0c-0305e82c3301`
[[nodiscard]] std::string guid_with_dashes(const Guid& guid);
/// GUID and age of a PDB as symbol stores name its folder: `3F2504E04F8911D39A0C0305E82C33011`.
[[nodiscard]] std::string debug_id_of(const Guid& guid, std::uint32_t age);

}  // namespace vigil
