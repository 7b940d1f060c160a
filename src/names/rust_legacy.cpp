// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "names/cursor.h"
#include "names/names.h"
#include "names/schemes.h"

namespace vigil::names {
namespace {

struct Escape {
  std::string_view code;
  std::string_view text;
};

constexpr std::array kEscapes = {
    Escape{"SP", "@"}, Escape{"BP", "*"}, Escape{"RF", "&"}, Escape{"LT", "<"},
    Escape{"GT", ">"}, Escape{"LP", "("}, Escape{"RP", ")"}, Escape{"C", ","},
};

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

/// `h0123456789abcdef`.
bool is_hash(std::string_view part) {
  constexpr std::size_t kHashSize = 17;
  return part.size() == kHashSize && part.front() == 'h' &&
         std::ranges::all_of(part.substr(1), is_hex);
}

/// What stands between two `$`: a code, or a character by its number.
bool unescape(std::string_view code, std::string& out) {
  for (const auto& escape : kEscapes) {
    if (escape.code != code) continue;
    out += escape.text;
    return true;
  }
  constexpr std::size_t kMaxCode = 7;
  if (code.size() < 2 || code.size() > kMaxCode || code.front() != 'u') return false;
  char32_t value = 0;
  for (const char c : code.substr(1)) {
    if (!is_hex(c)) return false;
    value = value * 16 + static_cast<char32_t>(is_digit(c) ? c - '0' : c - 'a' + 10);
  }
  return append_character(out, value);
}

bool append_part(std::string_view part, std::string& out) {
  if (part.starts_with("_$")) part.remove_prefix(1);
  Cursor in(part);
  while (!in.empty()) {
    if (in.take("..")) {
      out += "::";
    } else if (in.take('$')) {
      const auto code = in.take_until('$');
      if (!code || !unescape(*code, out)) return false;
    } else {
      out += in.take_char();
    }
  }
  return true;
}

}  // namespace

/// A nested name of Itanium's whose last part is a hash.
std::optional<std::string> undecorate_rust_legacy(std::string_view name) {
  Cursor in(name);
  if (!in.take("_ZN") && !in.take("__ZN") && !in.take("ZN")) return std::nullopt;
  std::string result;
  std::string_view last;
  while (!in.take('E')) {
    if (!last.empty()) {
      if (!result.empty()) result += "::";
      if (!append_part(last, result)) return std::nullopt;
    }
    const auto length = in.take_decimal();
    const auto part = length ? in.take_text(*length) : std::nullopt;
    if (!part || part->empty() || !std::ranges::all_of(*part, is_graphic)) return std::nullopt;
    last = *part;
  }
  const bool is_whole = in.empty() || in.peek() == '.' || in.peek() == '@';
  if (!is_hash(last) || result.empty() || !is_whole) return std::nullopt;
  return result.size() > kMaxName ? std::nullopt : std::optional(std::move(result));
}

}  // namespace vigil::names
