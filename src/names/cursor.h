// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vigil::names {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
/// What an identifier may hold: no blanks, no control characters.
constexpr bool is_graphic(char c) {
  return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
}

/// Reads a decorated name from its front. It does not own the text.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  /// '\0' behind the end.
  [[nodiscard]] char peek(std::size_t at = 0) const { return at < rest_.size() ? rest_[at] : '\0'; }
  [[nodiscard]] bool starts_with(std::string_view text) const { return rest_.starts_with(text); }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  /// '\0' behind the end.
  char take_char() {
    const char c = peek();
    if (!rest_.empty()) rest_.remove_prefix(1);
    return c;
  }
  /// The next \p size characters, or nothing when there are fewer.
  std::optional<std::string_view> take_text(std::size_t size) {
    if (size > rest_.size()) return std::nullopt;
    const auto text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  /// What comes before the next \p end, which is taken too.
  std::optional<std::string_view> take_until(char end) {
    const auto at = rest_.find(end);
    if (at == std::string_view::npos) return std::nullopt;
    const auto text = rest_.substr(0, at);
    rest_.remove_prefix(at + 1);
    return text;
  }
  /// A decimal number of at most 32 bits.
  std::optional<std::uint32_t> take_decimal() {
    constexpr std::uint32_t kLimit = 100'000'000;
    if (!is_digit(peek())) return std::nullopt;
    std::uint32_t value = 0;
    while (is_digit(peek())) {
      if (value >= kLimit) return std::nullopt;
      value = value * 10 + static_cast<std::uint32_t>(take_char() - '0');
    }
    return value;
  }

 private:
  std::string_view rest_;
};

/// Counts how deep the recursion is that it is a local of.
class Nesting {
 public:
  explicit Nesting(std::uint32_t& depth) : depth_(depth) { ++depth_; }
  ~Nesting() { --depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  [[nodiscard]] bool too_deep() const { return depth_ > kMaxNesting; }

 private:
  /// Real names nest a few dozen times. Deeper ones would use up the stack.
  static constexpr std::uint32_t kMaxNesting = 128;
  std::uint32_t& depth_;
};

}  // namespace vigil::names
