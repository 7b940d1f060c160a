// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vigil::report {

inline constexpr std::size_t kPageColumns = 100;

enum class Style : std::uint8_t { Plain, Title, Faint, Alarm };

/// \p text as it may go to a terminal, on one line: malformed UTF-8, control characters, line
/// breaks and characters that turn the direction of writing are replaced. Names in a dump are
/// chosen by whoever made it.
[[nodiscard]] std::string terminal_safe(std::string_view text);

/// How many columns \p text takes, one per code point.
[[nodiscard]] std::size_t columns(std::string_view text) noexcept;

/// The first \p width columns of \p text; a cut is marked with an ellipsis.
[[nodiscard]] std::string clip(std::string_view text, std::size_t width);

/// A page of sections, laid out for kPageColumns. Whatever is added is made terminal_safe first;
/// only styles put escape sequences in, and only with colour.
class TextPage {
 public:
  explicit TextPage(bool color) : color_(color) {}

  /// `TITLE` and below it the sentence that says what the section tells.
  void section(std::string_view title, std::string_view tells);
  /// `  Label    value`, the value wrapped below itself. Nothing when the value is empty.
  void field(std::string_view label, std::string_view value, Style style = Style::Plain);
  /// One line as it is, indented by two; longer ones are wrapped with \p hang columns more.
  void line(std::string_view text, Style style = Style::Plain, std::size_t hang = 2);
  /// A row of a table, indented by two and never wrapped: one line each is what tools count on.
  void row(std::string_view text, Style style = Style::Plain);
  void blank() { out_ += '\n'; }

  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  void styled(std::string_view text, Style style);
  /// \p text (safe already) after \p first, its further lines indented by \p indent columns.
  void wrapped(std::string_view first, std::string_view text, std::size_t indent, Style style);

  std::string out_;
  bool color_;
};

}  // namespace vigil::report
