// SPDX-License-Identifier: Apache-2.0
#include "report/json_text.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::report {
namespace {

constexpr std::size_t kIndent = 2;

/// Of each byte, whether it stands in JSON as it is.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

bool is_plain(char c) {
  return kPlain[static_cast<unsigned char>(c)];
}

/// Eight bytes as one number; compilers make one load of it.
std::uint64_t word_at(std::string_view text, std::size_t offset) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < sizeof word; ++i)
    word |= std::uint64_t{static_cast<unsigned char>(text[offset + i])} << (8 * i);
  return word;
}

/// How many bytes \p text begins with that stand in JSON as they are; eight at a time.
std::size_t plain_length(std::string_view text) {
  constexpr std::uint64_t kEach = 0x0101'0101'0101'0101, kHighBits = 0x80 * kEach;
  const auto any_zero = [](std::uint64_t x) { return (x - kEach) & ~x & kHighBits; };
  std::size_t done = 0;
  for (; text.size() - done >= sizeof(std::uint64_t); done += sizeof(std::uint64_t)) {
    const auto x = word_at(text, done);
    const auto below_space = (x - ' ' * kEach) & ~x & kHighBits;
    const auto special = any_zero(x ^ '"' * kEach) | any_zero(x ^ '\\' * kEach) |
                         any_zero(x ^ 0x7f * kEach) | (x & kHighBits) | below_space;
    if (special != 0) break;
  }
  const auto rest = text.substr(done);
  return done + static_cast<std::size_t>(std::ranges::find_if_not(rest, is_plain) - rest.begin());
}

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

/// One character that cannot stand as it is.
void append_escaped(std::string& text, char16_t unit) {
  switch (unit) {
    case u'"': text += "\\\""; return;
    case u'\\': text += "\\\\"; return;
    case u'\b': text += "\\b"; return;
    case u'\f': text += "\\f"; return;
    case u'\n': text += "\\n"; return;
    case u'\r': text += "\\r"; return;
    case u'\t': text += "\\t"; return;
    default: break;
  }
  if (unit < 0x7f && unit >= 0x20)
    text += static_cast<char>(unit);
  else
    fmt::format_to(std::back_inserter(text), "\\u{:04x}", static_cast<unsigned>(unit));
}

}  // namespace

void JsonText::new_line() {
  if (!pretty_) return;
  text_ += '\n';
  text_.append(depth_ * kIndent, ' ');
}

void JsonText::begin_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!first_) text_ += ',';
  if (depth_ > 0) new_line();
  first_ = false;
}

void JsonText::open(char bracket) {
  begin_value();
  text_ += bracket;
  ++depth_;
  first_ = true;
}

void JsonText::close(char bracket) {
  --depth_;
  if (!first_) new_line();
  text_ += bracket;
  first_ = false;
}

void JsonText::key(std::string_view name) {
  begin_value();
  text_ += '"';
  text_ += name;
  text_ += pretty_ ? std::string_view("\": ") : std::string_view("\":");
  after_key_ = true;
}

void JsonText::string(std::string_view value) {
  begin_value();
  quoted(value);
}

void JsonText::quoted(std::string_view value) {
  text_ += '"';
  for (;;) {
    const auto plain = plain_length(value);
    text_ += value.substr(0, plain);
    value.remove_prefix(plain);
    if (value.empty()) break;
    const auto foreign = std::ranges::find_if(value, is_ascii) - value.begin();
    const auto rest = value.substr(0, static_cast<std::size_t>(foreign));
    for (const char16_t unit : utf16_from_utf8(rest)) append_escaped(text_, unit);
    value.remove_prefix(rest.size());
    for (; !value.empty() && is_ascii(value.front()) && !is_plain(value.front());
         value.remove_prefix(1)) {
      append_escaped(text_, static_cast<char16_t>(value.front()));
    }
  }
  text_ += '"';
}

void JsonText::number(std::uint64_t value) {
  begin_value();
  const fmt::format_int digits(value);
  text_.append(digits.data(), digits.size());
}

void JsonText::number(std::int64_t value) {
  begin_value();
  const fmt::format_int digits(value);
  text_.append(digits.data(), digits.size());
}

void JsonText::boolean(bool value) {
  begin_value();
  text_ += value ? "true" : "false";
}

void JsonText::hex(std::uint64_t value, std::size_t digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  begin_value();
  text_ += "\"0x";
  const auto start = text_.size();
  text_.resize(start + digits);
  for (std::size_t i = digits; i > 0; value >>= 4) text_[start + --i] = kDigits[value & 0xf];
  text_ += '"';
}

}  // namespace vigil::report
