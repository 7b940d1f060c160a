// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// The index of a `.sym`, little-endian, version 1: a header, then the arrays of its table in that
/// order, each sorted as its record says. Offsets are into the text.
namespace vigil::breakpad {

inline constexpr std::array<char, 8> kIndexMagic = {'V', 'I', 'G', 'I', 'L', 'S', 'Y', 'M'};
inline constexpr std::uint32_t kIndexVersion = 1;

enum class IndexArray : std::uint8_t { Functions, Publics, Files, Origins, Cfi, Win };
inline constexpr std::size_t kIndexArrays = 6;

struct IndexHeader {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t header_size;
  std::uint64_t text_size;
  std::int64_t text_modified_ns;
  std::array<std::uint64_t, kIndexArrays> counts;  // in records
};
static_assert(sizeof(IndexHeader) == 80);

/// FUNC and STACK CFI INIT: sorted by address, larger ranges first, then as in the text.
struct RangeRecord {
  std::uint32_t rva;
  std::uint32_t size;
  std::uint32_t offset;
};
static_assert(sizeof(RangeRecord) == 12);

/// PUBLIC: sorted by address.
struct PointRecord {
  std::uint32_t rva;
  std::uint32_t offset;
};
static_assert(sizeof(PointRecord) == 8);

/// FILE and INLINE_ORIGIN: sorted by number.
struct NumberRecord {
  std::uint32_t number;
  std::uint32_t offset;
};
static_assert(sizeof(NumberRecord) == 8);

}  // namespace vigil::breakpad
