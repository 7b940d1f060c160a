// SPDX-License-Identifier: Apache-2.0
#include "text.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::cli {
namespace {

struct Range {
  char32_t first, last;
};

// Blocks, not single characters: good enough to keep columns straight.
constexpr std::array kWide = {
    Range{0x1100, 0x115f},   Range{0x2e80, 0x303e},   Range{0x3041, 0xa4cf},  Range{0xac00, 0xd7a3},
    Range{0xf900, 0xfaff},   Range{0xfe30, 0xfe6f},   Range{0xff00, 0xff60},  Range{0xffe0, 0xffe6},
    Range{0x1f300, 0x1f64f}, Range{0x1f900, 0x1f9ff}, Range{0x20000, 0x3fffd}};
constexpr std::array kNoWidth = {Range{0x0300, 0x036f}, Range{0x200b, 0x200f},
                                 Range{0x20d0, 0x20ff}, Range{0xfe00, 0xfe0f}};
// LRE…RLO and LRI…PDI can make `exe.txt` read as something else; the separators end a line.
constexpr std::array kUnsafe = {Range{0x2028, 0x202e}, Range{0x2066, 0x2069}};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t c) {
  return std::ranges::any_of(
      ranges, [c](const Range& range) { return c >= range.first && c <= range.last; });
}

/// The next character of valid UTF-8, as bytes and as a number.
struct Character {
  std::string_view bytes;
  char32_t value = 0;
};

Character next_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  Character character{text.substr(0, length)};
  if (length == 1) {
    character.value = lead;
    return character;
  }
  character.value = lead & (0x7fu >> length);
  for (const char c : character.bytes.substr(1)) {
    character.value = character.value << 6 | (static_cast<unsigned char>(c) & 0x3fu);
  }
  return character;
}

/// Nearly all text is this, and a list has thousands of cells.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::size_t width_of(char32_t c) {
  if (c < kNoWidth.front().first) return 1;
  if (is_in(kNoWidth, c)) return 0;
  return is_in(kWide, c) ? 2 : 1;
}

}  // namespace

std::string one_line(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  const auto printable = printable_utf8(text);
  std::string result;
  result.reserve(printable.size());
  for (std::string_view rest = printable; !rest.empty();) {
    const auto character = next_character(rest);
    rest.remove_prefix(character.bytes.size());
    if (character.value == '\t' || character.value == '\n') {
      result += ' ';
    } else if (is_in(kUnsafe, character.value)) {
      result += "\xef\xbf\xbd";
    } else {
      result += character.bytes;
    }
  }
  return result;
}

std::size_t display_width(std::string_view text) {
  if (is_plain(text)) return text.size();
  std::size_t width = 0;
  while (!text.empty()) {
    const auto character = next_character(text);
    text.remove_prefix(character.bytes.size());
    width += width_of(character.value);
  }
  return width;
}

std::string cut_to_width(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::string result;
  std::size_t used = 1;  // Of the ellipsis.
  while (!text.empty()) {
    const auto character = next_character(text);
    used += width_of(character.value);
    if (used > width) break;
    result += character.bytes;
    text.remove_prefix(character.bytes.size());
  }
  return result + "…";
}

}  // namespace vigil::cli
