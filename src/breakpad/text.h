// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// The words of one line of a symbol file.
namespace vigil::breakpad {

/// Takes the words of a line from its front. Once one is not what was asked for, ok() is false for
/// good, and numbers are 0.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }

  /// Takes \p word, if the line goes on with it.
  bool skip(std::string_view word) noexcept {
    if (!rest_.starts_with(word)) return false;
    if (rest_.size() != word.size() && rest_[word.size()] != ' ') return false;
    rest_.remove_prefix(word.size());
    skip_spaces();
    return true;
  }

  [[nodiscard]] std::string_view word() noexcept;
  [[nodiscard]] std::uint32_t hex() noexcept { return number(16); }
  [[nodiscard]] std::uint32_t decimal() noexcept { return number(10); }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  [[nodiscard]] std::uint32_t number(std::uint32_t base) noexcept;
  void skip_spaces() noexcept {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }

  std::string_view rest_;
  bool ok_ = true;
};

/// The first line of \p text, without its end.
[[nodiscard]] std::string_view first_line(std::string_view text) noexcept;

/// A record that names a range: what its address and size say, and what follows them.
struct RangeLine {
  std::uint32_t rva = 0, size = 0;
  Words rest;
};
/// `FUNC [m] address size parameter_size name`
[[nodiscard]] std::optional<RangeLine> parse_func(std::string_view line) noexcept;
/// `STACK CFI INIT address size rules`
[[nodiscard]] std::optional<RangeLine> parse_cfi_init(std::string_view line) noexcept;
/// `STACK WIN type address size …`; what follows starts with the size of the prologue.
[[nodiscard]] std::optional<RangeLine> parse_win(std::string_view line,
                                                 std::uint32_t& type) noexcept;

}  // namespace vigil::breakpad
