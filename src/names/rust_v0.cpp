// SPDX-License-Identifier: Apache-2.0
#include "names/rust_v0.h"

#include <utility>

#include "names/names.h"
#include "names/schemes.h"

namespace vigil::names {
std::optional<std::string> RustV0::name() {
  constexpr std::size_t kUsualName = 256;
  out_.reserve(kUsualName);
  path(true);
  if (failed_ || out_.empty()) return std::nullopt;
  if (is_upper(peek())) {  // the crate that an instance was made in
    is_silent_ = true;
    path(false);
  }
  if (failed_ || (at_ < text_.size() && peek() != '.' && peek() != '$' && peek() != '@'))
    return std::nullopt;
  return std::move(out_);
}

void RustV0::put(std::string_view text) {
  if (is_silent_) return;
  if (text.size() > kMaxName - out_.size()) failed_ = true;
  if (!failed_) out_ += text;
}

void RustV0::put_number(std::uint64_t value) {
  put(std::to_string(value));
}

bool RustV0::step() {
  constexpr std::size_t kMaxSteps = 16 * kMaxName;
  if (++steps_ > kMaxSteps) failed_ = true;
  return !failed_;
}

char RustV0::next() {
  const char c = peek();
  if (at_ < text_.size()) ++at_;
  return c;
}

bool RustV0::take(char c) {
  if (peek() != c) return false;
  ++at_;
  return true;
}

/// `_` is 0, `0_` is 1, `Z_` is 62.
std::uint64_t RustV0::base62() {
  constexpr std::uint64_t kBase = 62, kLimit = (UINT64_MAX - kBase) / kBase;
  if (take('_')) return 0;
  std::uint64_t value = 0;
  while (!take('_')) {
    const char c = next();
    const int digit = is_digit(c)   ? c - '0'
                      : is_lower(c) ? c - 'a' + 10
                      : is_upper(c) ? c - 'A' + 36
                                    : -1;
    if (digit < 0 || value > kLimit) {
      failed_ = true;
      return 0;
    }
    value = value * kBase + static_cast<std::uint64_t>(digit);
  }
  return value + 1;
}

std::uint64_t RustV0::disambiguator(char tag) {
  return take(tag) ? base62() + 1 : 0;
}

RustV0::Identifier RustV0::identifier() {
  Identifier result;
  result.is_punycode = take('u');
  Cursor in(std::string_view(text_).substr(at_));
  // No number begins with a zero: one is followed by another number, not by more of itself.
  const auto length = in.take('0') ? std::optional<std::uint32_t>(0) : in.take_decimal();
  in.take('_');
  const auto text = length ? in.take_text(*length) : std::nullopt;
  if (!text) {
    failed_ = true;
    return result;
  }
  at_ = text_.size() - in.rest().size();
  for (const char c : *text) {
    if (!is_graphic(c)) failed_ = true;
  }
  result.text = *text;
  return result;
}

void RustV0::put(const Identifier& identifier) {
  if (!identifier.is_punycode) return put(identifier.text);
  if (const auto decoded = decode_punycode(identifier.text)) return put(*decoded);
  put("punycode{");
  put(identifier.text);
  put("}");
}

void RustV0::path(bool is_value) {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) failed_ = true;
  if (!step()) return;
  switch (next()) {
    case 'C': (void)disambiguator('s'); return put(identifier());
    case 'N': return nested(is_value);
    case 'M':
    case 'X': {
      // Where the implementation stands, which says less than what it is for.
      const char kind = text_[at_ - 1];
      (void)disambiguator('s');
      const bool outer = std::exchange(is_silent_, true);
      path(false);
      is_silent_ = outer;
      return implementation(kind == 'X');
    }
    case 'Y': return implementation(true);
    case 'I': return instance(is_value);
    case 'B': return again([this, is_value] { path(is_value); });
    default: failed_ = true;
  }
}

void RustV0::nested(bool is_value) {
  const char name_space = next();
  path(is_value);
  const auto number = disambiguator('s');
  const auto name = identifier();
  if (is_upper(name_space)) {
    put("::{");
    put(name_space == 'C'   ? "closure"
        : name_space == 'S' ? "shim"
                            : std::string_view(&name_space, 1));
    if (!name.text.empty()) {
      put(":");
      put(name);
    }
    put("#");
    put_number(number);
    return put("}");
  }
  if (!is_lower(name_space)) failed_ = true;
  if (name.text.empty()) return;
  put("::");
  put(name);
}

/// `<Type>`, or `<Type as Trait>`.
void RustV0::implementation(bool of_trait) {
  put("<");
  type();
  if (of_trait) {
    put(" as ");
    path(false);
  }
  put(">");
}

void RustV0::instance(bool is_value) {
  path(is_value);
  put(is_value ? "::<" : "<");
  for (bool first = true; !take('E') && step(); first = false) {
    if (!first) put(", ");
    if (take('L')) {
      lifetime(base62());
    } else if (take('K')) {
      constant();
    } else {
      type();
    }
  }
  put(">");
}

void RustV0::lifetime(std::uint64_t index) {
  put("'");
  if (index == 0) return put("_");
  if (index > binders_) {
    failed_ = true;
    return;
  }
  constexpr std::uint64_t kLetters = 26;
  const auto number = binders_ - index;
  if (number >= kLetters) {
    put("_");
    return put_number(number);
  }
  const char letter = static_cast<char>('a' + number);
  put(std::string_view(&letter, 1));
}

/// `for<'a, 'b> …`, which ends where \p outer is put back.
std::uint64_t RustV0::binder() {
  const auto outer = binders_;
  if (!take('G')) return outer;
  constexpr std::uint64_t kMaxLifetimes = 64;
  const auto count = base62() + 1;
  if (count > kMaxLifetimes) failed_ = true;
  if (failed_) return outer;
  put("for<");
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i > 0) put(", ");
    ++binders_;
    lifetime(1);
  }
  put("> ");
  return outer;
}

std::optional<std::string> undecorate_rust(std::string_view name) {
  Cursor in(name);
  if (!in.take("_R") && !in.take("__R")) return std::nullopt;
  if (!is_upper(in.peek())) return std::nullopt;  // a version to come
  return RustV0(in.rest()).name();
}

}  // namespace vigil::names
