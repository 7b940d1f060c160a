// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "names/rust_v0.h"
#include "names/schemes.h"

namespace vigil::names {
namespace {

/// By their letters; empty where there is none.
constexpr std::array<std::string_view, 26> kBasicTypes = {
    "i8",   "bool", "char", "f64", "str", "f32", "",    "u8", "isize", "usize", "",    "i32", "u32",
    "i128", "u128", "_",    "",    "",    "i16", "u16", "()", "...",   "",      "i64", "u64", "!"};

std::string_view basic_type(char code) {
  return is_lower(code) ? kBasicTypes[static_cast<std::size_t>(code - 'a')] : std::string_view();
}

}  // namespace

void RustV0::type() {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) failed_ = true;
  if (!step()) return;
  if (const auto basic = basic_type(peek()); !basic.empty()) {
    ++at_;
    return put(basic);
  }
  switch (peek()) {
    case 'A':
    case 'S': return sequence();
    case 'T': return tuple();
    case 'R':
    case 'Q': put("&"); return reference();
    case 'P':
    case 'O': put(next() == 'P' ? "*const " : "*mut "); return type();
    case 'F': ++at_; return function();
    case 'D': ++at_; return dynamic();
    case 'B': ++at_; return again([this] { type(); });
    default: return path(false);
  }
}

void RustV0::sequence() {
  const bool has_size = next() == 'A';
  put("[");
  type();
  if (has_size) {
    put("; ");
    constant();
  }
  put("]");
}

void RustV0::tuple() {
  ++at_;
  put("(");
  std::size_t count = 0;
  for (; !take('E') && step(); ++count) {
    if (count > 0) put(", ");
    type();
  }
  put(count == 1 ? ",)" : ")");
}

void RustV0::reference() {
  const bool is_mutable = next() == 'Q';
  if (take('L')) {
    if (const auto index = base62(); index != 0) {
      lifetime(index);
      put(" ");
    }
  }
  if (is_mutable) put("mut ");
  type();
}

void RustV0::function() {
  const auto outer = binder();
  if (take('U')) put("unsafe ");
  if (take('K')) {
    put("extern \"");
    if (take('C')) {
      put("C");
    } else {
      for (const char c : identifier().text)
        put(c == '_' ? std::string_view("-") : std::string_view(&c, 1));
    }
    put("\" ");
  }
  put("fn(");
  for (bool first = true; !take('E') && step(); first = false) {
    if (!first) put(", ");
    type();
  }
  put(")");
  if (!take('u')) {
    put(" -> ");
    type();
  }
  binders_ = outer;
}

void RustV0::dynamic() {
  put("dyn ");
  const auto outer = binder();
  for (bool first = true; !take('E') && step(); first = false) {
    if (!first) put(" + ");
    trait();
  }
  binders_ = outer;
  if (!take('L')) {
    failed_ = true;
    return;
  }
  if (const auto index = base62(); index != 0) {
    put(" + ");
    lifetime(index);
  }
}

/// With what its associated types are: `Iterator<Item = u8>`, in one list with its arguments.
void RustV0::trait() {
  path(false);
  bool is_open = false;
  while (take('p') && step()) {
    if (is_open) {
      put(", ");
    } else if (!is_silent_ && out_.ends_with('>')) {
      out_.pop_back();
      put(", ");
    } else {
      put("<");
    }
    is_open = true;
    put(identifier());
    put(" = ");
    type();
  }
  if (is_open) put(">");
}

/// Numbers, truth values and characters; others are rare.
void RustV0::constant() {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) failed_ = true;
  if (!step()) return;
  const char code = next();
  if (code == 'p') return put("_");
  if (code == 'B') return again([this] { constant(); });
  constexpr std::string_view kNumbers = "ahilmnosjtxybc";
  if (kNumbers.find(code) == std::string_view::npos) {
    failed_ = true;
    return;
  }
  if (take('n')) put("-");
  const auto begin = at_;
  while (is_digit(peek()) || (peek() >= 'a' && peek() <= 'f')) ++at_;
  const auto digits = text_.substr(begin, at_ - begin);
  if (!take('_')) failed_ = true;
  put_constant(code, digits);
}

void RustV0::put_constant(char code, std::string_view digits) {
  constexpr std::size_t kMaxDigits = 16;
  if (digits.size() > kMaxDigits) {
    put("0x");
    return put(digits);
  }
  std::uint64_t value = 0;
  for (const char c : digits) {
    value = value * 16 + static_cast<std::uint64_t>(is_digit(c) ? c - '0' : c - 'a' + 10);
  }
  if (code == 'b') return put(value == 0 ? "false" : "true");
  if (code != 'c') return put_number(value);
  constexpr std::uint64_t kLastCharacter = 0x10ffff;
  std::string text = "'";
  if (value > kLastCharacter || !append_character(text, static_cast<char32_t>(value)))
    failed_ = true;
  put(text + "'");
}

}  // namespace vigil::names
