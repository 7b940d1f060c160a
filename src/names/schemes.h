// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vigil::names {

/// Each reads the names of one scheme, and gives nothing for those that it does not understand.
/// `?f@@YAXXZ`, and types: `.?AVClass@@`.
std::optional<std::string> undecorate_microsoft(std::string_view name);
/// `_Z1fv`.
std::optional<std::string> undecorate_itanium(std::string_view name);
/// `_ZN1a1f17h0123456789abcdefE`.
std::optional<std::string> undecorate_rust_legacy(std::string_view name);
/// `_RNvC1a1f`.
std::optional<std::string> undecorate_rust(std::string_view name);
/// `_f@12`, `@f@12`, `f@@12`.
std::optional<std::string> undecorate_c(std::string_view name);

/// Writes one character of Rust's, as UTF-8; false when it is a control character, or none.
bool append_character(std::string& out, char32_t character);
/// An identifier of Rust's that is not all ASCII, with `_` before what tells the other characters.
std::optional<std::string> decode_punycode(std::string_view text);

}  // namespace vigil::names
