// SPDX-License-Identifier: Apache-2.0
#include "analysis/fill_pattern.h"

#include <algorithm>
#include <iterator>

namespace vigil::analysis {
namespace {

constexpr FillPattern kPatterns[] = {
#define VIGIL_FILL_PATTERN(bits, memory, filler) {bits, memory, filler},
#include "analysis/fill_patterns.inc"
#undef VIGIL_FILL_PATTERN
};

/// Members of larger objects are rare.
constexpr std::uint64_t kMaxOffset = 0x1000;
constexpr unsigned kHalf = 32;

}  // namespace

std::optional<FillMatch> find_fill_pattern(std::uint64_t value, bool wide) noexcept {
  for (const auto& pattern : kPatterns) {
    const std::uint64_t bits = pattern.bits;
    const auto pointer = wide ? bits << kHalf | bits : bits;
    if (value >= pointer && value - pointer < kMaxOffset)
      return FillMatch{&pattern, value - pointer};
  }
  return std::nullopt;
}

std::string text_of(std::uint64_t value, bool wide) {
  constexpr unsigned kBitsPerByte = 8;
  std::string text;
  for (std::size_t i = 0; i < (wide ? sizeof(std::uint64_t) : sizeof(std::uint32_t)); ++i) {
    const auto byte = static_cast<unsigned char>(value >> (kBitsPerByte * i) & 0xff);
    const bool printable = byte >= ' ' && byte <= '~';
    if (!printable) return {};
    text += static_cast<char>(byte);
  }
  const auto letters = std::count_if(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ';
  });
  // Most of four or eight arbitrary bytes that happen to be printable are not words.
  return static_cast<std::size_t>(letters) + 1 >= text.size() ? text : std::string();
}

}  // namespace vigil::analysis
