// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf.h"
#include "names/cursor.h"
#include "names/schemes.h"

namespace vigil::names {
namespace {

// RFC 3492, section 5.
constexpr std::uint32_t kBase = 36, kTMin = 1, kTMax = 26, kSkew = 38, kDamp = 700;
constexpr std::uint32_t kInitialBias = 72, kInitialCharacter = 0x80;
/// Identifiers that are longer stay as they are: each character is put into its place among all.
constexpr std::size_t kMaxCharacters = 128;
constexpr std::uint32_t kLargest = 0x0fff'ffff;

std::uint32_t adapted(std::uint32_t delta, std::uint32_t count, bool is_first) {
  delta /= is_first ? kDamp : 2;
  delta += delta / count;
  std::uint32_t k = 0;
  for (; delta > (kBase - kTMin) * kTMax / 2; k += kBase) delta /= kBase - kTMin;
  return k + (kBase - kTMin + 1) * delta / (delta + kSkew);
}

/// The next number: how far it is to where the next character goes.
std::optional<std::uint32_t> take_delta(Cursor& in, std::uint32_t bias) {
  std::uint64_t delta = 0, weight = 1;
  for (std::uint32_t k = kBase;; k += kBase) {
    const char c = in.take_char();
    if (!is_lower(c) && !is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint32_t>(is_lower(c) ? c - 'a' : c - '0' + 26);
    delta += digit * weight;
    if (delta > kLargest) return std::nullopt;
    const auto threshold = k <= bias ? kTMin : std::min(k - bias, kTMax);
    if (digit < threshold) return static_cast<std::uint32_t>(delta);
    weight *= kBase - threshold;
    if (weight > kLargest) return std::nullopt;
  }
}

}  // namespace

bool append_character(std::string& out, char32_t character) {
  constexpr char32_t kFirstOfPairs = 0x10000, kLast = 0x10ffff;
  if (character < 0x20 || character == 0x7f || character > kLast) return false;
  std::u16string units;
  if (character < kFirstOfPairs) {
    units = {static_cast<char16_t>(character)};
  } else {
    const auto rest = character - kFirstOfPairs;
    units = {static_cast<char16_t>(0xd800 + (rest >> 10)),
             static_cast<char16_t>(0xdc00 + (rest & 0x3ff))};
  }
  const auto text = utf8_from_utf16(units);
  out += text.text;
  return text.lossless;
}

std::optional<std::string> decode_punycode(std::string_view text) {
  const auto split = text.rfind('_');
  const auto plain = split == std::string_view::npos ? std::string_view() : text.substr(0, split);
  Cursor in(split == std::string_view::npos ? text : text.substr(split + 1));
  std::u32string characters(plain.begin(), plain.end());
  std::uint32_t bias = kInitialBias, character = kInitialCharacter, at = 0;
  while (!in.empty()) {
    const auto delta = take_delta(in, bias);
    if (!delta || characters.size() >= kMaxCharacters) return std::nullopt;
    const auto count = static_cast<std::uint32_t>(characters.size() + 1);
    bias = adapted(*delta, count, character == kInitialCharacter && at == 0);
    at += *delta;
    character += at / count;
    at %= count;
    characters.insert(at++, 1, static_cast<char32_t>(character));
  }
  std::string result;
  for (const auto c : characters) {
    if (!append_character(result, c)) return std::nullopt;
  }
  return result;
}

}  // namespace vigil::names
