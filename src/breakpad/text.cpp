// SPDX-License-Identifier: Apache-2.0
#include "breakpad/text.h"

#include <array>

namespace vigil::breakpad {
namespace {

constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> make_digits() {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 10; ++i) digits[static_cast<std::size_t>('0') + i] = i;
  for (std::uint8_t i = 0; i < 6; ++i) {
    digits[static_cast<std::size_t>('a') + i] = static_cast<std::uint8_t>(10 + i);
    digits[static_cast<std::size_t>('A') + i] = static_cast<std::uint8_t>(10 + i);
  }
  return digits;
}
constexpr auto kDigits = make_digits();

}  // namespace

std::string_view Words::word() noexcept {
  const auto word = rest_.substr(0, rest_.find(' '));
  rest_.remove_prefix(word.size());
  skip_spaces();
  if (word.empty()) ok_ = false;
  return word;
}

std::uint32_t Words::number(std::uint32_t base) noexcept {
  std::uint64_t value = 0;
  std::size_t used = 0;
  for (; used < rest_.size(); ++used) {
    const auto digit = kDigits[static_cast<unsigned char>(rest_[used])];
    if (digit >= base) break;
    value = value * base + digit;
    if (value > 0xffff'ffff) ok_ = false;
    if (!ok_) return 0;
  }
  const bool ends = used == rest_.size() || rest_[used] == ' ';
  if (used == 0 || !ends) ok_ = false;
  if (!ok_) return 0;
  rest_.remove_prefix(used);
  skip_spaces();
  return static_cast<std::uint32_t>(value);
}

std::string_view first_line(std::string_view text) noexcept {
  auto line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<RangeLine> parse_func(std::string_view line) noexcept {
  Words words(line);
  if (!words.skip("FUNC")) return std::nullopt;
  words.skip("m");
  const auto rva = words.hex();
  const auto size = words.hex();
  if (!words.ok()) return std::nullopt;
  return RangeLine{rva, size, words};
}

std::optional<RangeLine> parse_cfi_init(std::string_view line) noexcept {
  Words words(line);
  if (!words.skip("STACK") || !words.skip("CFI") || !words.skip("INIT")) return std::nullopt;
  const auto rva = words.hex();
  const auto size = words.hex();
  if (!words.ok()) return std::nullopt;
  return RangeLine{rva, size, words};
}

std::optional<RangeLine> parse_win(std::string_view line, std::uint32_t& type) noexcept {
  Words words(line);
  if (!words.skip("STACK") || !words.skip("WIN")) return std::nullopt;
  type = words.hex();
  const auto rva = words.hex();
  const auto size = words.hex();
  if (!words.ok()) return std::nullopt;
  return RangeLine{rva, size, words};
}

}  // namespace vigil::breakpad
