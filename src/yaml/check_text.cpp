// SPDX-License-Identifier: Apache-2.0
#include "yaml/check_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::yaml {
namespace {

constexpr std::string_view kBom = "\xef\xbb\xbf";

/// Bounds the work of counting a column, and what a message may have to quote.
constexpr std::size_t kMaxLineBytes = 8192;

bool check_encoding(std::string_view text, const Lines& lines, Problems& problems) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff") ||
      text.substr(0, 2).find('\0') != text.npos) {
    problems.add({1, 1}, "the file is UTF-16; save it as UTF-8");
    return false;
  }
  const auto bad = well_formed_utf8_length(text);
  if (bad == text.size()) return true;
  problems.add(lines.position_of(bad),
               fmt::format("byte {:#04x} is not UTF-8; save the file as UTF-8",
                           static_cast<unsigned char>(text[bad])));
  return false;
}

/// yaml-cpp takes 0x04 for the end of the file and counts lines by '\n' alone.
bool check_characters(std::string_view text, const Lines& lines, Problems& problems) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool line_end = c == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if ((c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t' || line_end) continue;
    problems.add(lines.position_of(i), fmt::format("control character {:#04x}", c));
    return false;
  }
  return true;
}

/// YAML knows no tabs in indentation. yaml-cpp takes some of them for one space, and words its
/// refusal of others as something else.
bool check_lines(const Lines& lines, Problems& problems) {
  bool clean = true;
  for (int number = 1; number <= lines.count(); ++number) {
    const auto line = lines.line(number);
    if (line.size() > kMaxLineBytes) {
      problems.add({number, 1}, fmt::format("the line has {} bytes, and the limit is {}",
                                            line.size(), kMaxLineBytes));
      return false;
    }
    const auto first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos || line[first] == '#') continue;
    const auto tab = line.substr(0, first).find('\t');
    if (tab == std::string_view::npos) continue;
    clean = false;
    problems.add({number, static_cast<int>(tab) + 1},
                 "a tab in the indentation; YAML is indented with spaces only");
  }
  return clean;
}

/// yaml-cpp keeps all of a `[` or `{` collection in memory, some 200 bytes a character, before it
/// reports any of it: the limit on nodes while it reads would come too late.
bool check_structure(std::string_view text, Problems& problems) {
  constexpr std::string_view kMarks = "[{,:";
  const auto marks = std::count_if(text.begin(), text.end(),
                                   [&](char c) { return kMarks.find(c) != kMarks.npos; });
  if (static_cast<std::size_t>(marks) <= kMaxNodes) return true;
  problems.add({}, fmt::format("more than {} values, which is the limit of one file", kMaxNodes));
  return false;
}

}  // namespace

Lines::Lines(std::string_view text) : text_(text), starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') starts_.push_back(i + 1);
  }
}

std::string_view Lines::line(int line) const {
  if (line < 1 || line > count()) return {};
  const auto start = starts_[static_cast<std::size_t>(line) - 1];
  auto result = text_.substr(start, text_.find('\n', start) - start);
  if (result.ends_with('\r')) result.remove_suffix(1);
  return result;
}

Position Lines::position(int line_number, int byte_column) const {
  const auto before =
      line(line_number).substr(0, static_cast<std::size_t>(std::max(byte_column, 0)));
  const auto continuations = std::count_if(before.begin(), before.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
  });
  return {line_number, byte_column + 1 - static_cast<int>(continuations)};
}

Position Lines::position_of(std::size_t offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const auto line_number = after - starts_.begin();
  return position(static_cast<int>(line_number), static_cast<int>(offset - *(after - 1)));
}

std::string_view without_bom(std::string_view text) {
  return text.starts_with(kBom) ? text.substr(kBom.size()) : text;
}

bool check_text(std::string_view text, const Lines& lines, Problems& problems) {
  return check_encoding(text, lines, problems) && check_characters(text, lines, problems) &&
         check_lines(lines, problems) && check_structure(text, problems);
}

}  // namespace vigil::yaml
