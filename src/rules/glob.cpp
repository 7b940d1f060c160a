// SPDX-License-Identifier: Apache-2.0
#include "rules/glob.h"

#include "rules/rules.h"

namespace vigil::rules {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

char fold(char c, Slashes slashes) {
  return slashes == Slashes::Same && c == '/' ? '\\' : lower(c);
}

/// The bytes of the UTF-8 character at \p position: `?` stands for one character, not for one byte.
std::size_t character_length(std::string_view text, std::size_t position) {
  std::size_t length = 1;
  while (position + length < text.size() &&
         (static_cast<unsigned char>(text[position + length]) & 0xc0) == 0x80) {
    ++length;
  }
  return length;
}

}  // namespace

// Only the last `*` is ever tried again, one character further on: what an earlier one could
// swallow, it can swallow too. That makes the steps a product and not a power.
bool glob_matches(std::string_view pattern, std::string_view text, Slashes slashes) noexcept {
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos;  // behind the last `*` seen
  std::size_t resume = 0;                     // where its rest is tried
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      t += character_length(text, t);
    } else if (p < pattern.size() && fold(pattern[p], slashes) == fold(text[t], slashes)) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star;
      resume += character_length(text, resume);
      t = resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool glob_matches(std::string_view pattern, std::string_view text) noexcept {
  return glob_matches(pattern, text, Slashes::Differ);
}

}  // namespace vigil::rules
