// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The parts of a PE image that say who it is.
namespace vigil::test {

struct PeSection {
  std::string name{};
  std::uint32_t rva = 0, size = 0, flags = 0;
};

struct PeHeader {
  std::uint64_t base = 0;
  std::uint32_t size = 0, timestamp = 0, checksum = 0, entry = 0;
  bool executable = false;
  std::array<std::array<std::uint32_t, 2>, 16> directories{};  ///< {RVA, size}
  std::vector<PeSection> sections{};
};

/// As it is in memory; file offsets equal image offsets.
[[nodiscard]] std::string pe_header(const PeHeader& header);
/// \p version is four numbers with dots.
[[nodiscard]] std::string version_resource(std::uint32_t rva,
                                           std::string_view version,
                                           std::string_view company,
                                           std::string_view name);
/// RSDS, a GUID made of \p seed, age 1.
[[nodiscard]] std::string debug_data(std::string_view pdb, std::uint32_t seed);
[[nodiscard]] std::string debug_id(std::uint32_t seed);

}  // namespace vigil::test
