// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "names/cursor.h"
#include "names/schemes.h"

namespace vigil::names {
namespace {

bool is_identifier(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) && std::ranges::all_of(text, [](char c) {
    return is_digit(c) || is_lower(c) || is_upper(c) || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

}  // namespace

/// Behind the last `@` is how many bytes the parameters take. Conventions differ by what is around
/// it: `_f@12` of __stdcall, `@f@12` of __fastcall, `f@@12` of __vectorcall.
std::optional<std::string> undecorate_c(std::string_view name) {
  const auto at = name.rfind('@');
  if (at == std::string_view::npos || at + 1 == name.size()) return std::nullopt;
  if (!std::ranges::all_of(name.substr(at + 1), is_digit)) return std::nullopt;
  auto plain = name.substr(0, at);
  if (plain.ends_with('@')) {
    plain.remove_suffix(1);
  } else if (plain.starts_with('_') || plain.starts_with('@')) {
    plain.remove_prefix(1);
  } else {
    return std::nullopt;
  }
  return is_identifier(plain) ? std::optional(std::string(plain)) : std::nullopt;
}

}  // namespace vigil::names
