// SPDX-License-Identifier: Apache-2.0
#include "report/text_page.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::report {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kLabelColumns = 14;

constexpr bool starts_code_point(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

/// The offset in \p text behind its first \p count code points.
std::size_t offset_of(std::string_view text, std::size_t count) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (starts_code_point(text[i]) && count-- == 0) return i;
  }
  return text.size();
}

/// Where to break \p text so that the head takes at most \p width columns: behind the last space,
/// or within a word that is longer.
std::size_t break_at(std::string_view text, std::size_t width) {
  const auto limit = offset_of(text, width);
  if (limit == text.size()) return limit;
  const auto space = text.substr(0, limit + 1).find_last_of(' ');
  return space == std::string_view::npos || space == 0 ? limit : space;
}

}  // namespace

std::string terminal_safe(std::string_view text) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  // U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069 change the order in which a line is
  // shown.
  const auto turns_direction = [](std::string_view c) {
    return c == "\xe2\x80\x8e" || c == "\xe2\x80\x8f" ||
           (c >= "\xe2\x80\xaa" && c <= "\xe2\x80\xae") ||
           (c >= "\xe2\x81\xa6" && c <= "\xe2\x81\xa9");
  };
  constexpr std::size_t kSequence = 3;
  const std::string printable = printable_utf8(text);
  std::string result;
  result.reserve(printable.size());
  for (std::size_t i = 0; i < printable.size(); ++i) {
    if (printable[i] == '\n' || printable[i] == '\t') {
      result += ' ';
    } else if (turns_direction(std::string_view(printable).substr(i, kSequence))) {
      result += kReplacement;
      i += kSequence - 1;
    } else {
      result += printable[i];
    }
  }
  return result;
}

std::size_t columns(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_code_point));
}

std::string clip(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  return std::string(text.substr(0, offset_of(text, width - 1))) + "…";
}

void TextPage::section(std::string_view title, std::string_view tells) {
  if (!out_.empty()) blank();
  styled(title, Style::Title);
  out_ += '\n';
  styled(tells, Style::Faint);
  out_ += "\n\n";
}

void TextPage::field(std::string_view label, std::string_view value, Style style) {
  if (value.empty()) return;
  const auto first = fmt::format("{:{}}{:{}}", "", kIndent, label, kLabelColumns);
  wrapped(first, terminal_safe(value), first.size(), style);
}

void TextPage::line(std::string_view text, Style style, std::size_t hang) {
  wrapped("  ", terminal_safe(text), kIndent + hang, style);
}

void TextPage::row(std::string_view text, Style style) {
  out_.append(kIndent, ' ');
  styled(terminal_safe(text), style);
  out_ += '\n';
}

void TextPage::styled(std::string_view text, Style style) {
  static constexpr std::array<std::string_view, 4> kStart = {"", "\x1b[1m", "\x1b[2m",
                                                             "\x1b[1;31m"};
  const bool escape = color_ && style != Style::Plain;
  if (escape) out_ += kStart[static_cast<std::size_t>(style)];
  out_ += text;
  if (escape) out_ += "\x1b[0m";
}

void TextPage::wrapped(std::string_view first,
                       std::string_view text,
                       std::size_t indent,
                       Style style) {
  out_ += first;
  std::size_t used = first.size();
  while (true) {
    const auto end = break_at(text, kPageColumns - used);
    styled(text.substr(0, end), style);
    out_ += '\n';
    const auto next = text.find_first_not_of(' ', end);
    if (next == std::string_view::npos) return;
    text = text.substr(next);
    out_.append(indent, ' ');
    used = indent;
  }
}

}  // namespace vigil::report
