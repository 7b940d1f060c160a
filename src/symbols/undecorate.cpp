// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "symbols/symbols.h"

namespace vigil::symbols {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_identifier(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) && std::ranges::all_of(text, [](char c) {
    return is_digit(c) || c == '_' || c == '$' || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
  });
}

/// Nested names have a handful of parts. Parts may repeat others, so that a few characters can
/// stand for kilobytes.
constexpr std::size_t kMaxParts = 32;

std::string join(const std::vector<std::string>& parts) {
  std::string name;
  for (const auto& part : parts) {
    if (!name.empty()) name += "::";
    name += part;
  }
  return name;
}

/// Reads the front of a decorated name piece by piece.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  bool take(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }
  char take_char() {
    if (rest_.empty()) return '\0';
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  /// The identifier behind its own length, as Itanium names have it: `5Class`.
  std::optional<std::string> take_counted() {
    std::size_t length = 0;
    while (is_digit(peek()) && length < rest_.size()) {
      length = length * 10 + static_cast<std::size_t>(take_char() - '0');
    }
    if (length == 0 || length > rest_.size() || !is_identifier(rest_.substr(0, length)))
      return std::nullopt;
    std::string text(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return text;
  }

  /// What comes before the next `@`, as Microsoft's names have it.
  std::optional<std::string> take_fragment() {
    const auto end = rest_.find('@');
    if (end == std::string_view::npos) return std::nullopt;
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    if (text.starts_with("?A")) return "`anonymous namespace'";
    return is_identifier(text) ? std::optional(text) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

/// `_ZN2ns5Class6methodEi`, `_Z4freei`: names without templates, operators and substitutions.
std::optional<std::string> undecorate_itanium(std::string_view name) {
  Cursor in(name);
  if (!in.take("_Z") && !in.take("__Z")) return std::nullopt;
  if (!in.take("N")) {
    in.take("L");  // of internal linkage
    return in.take_counted();
  }
  while (in.take("K") || in.take("V") || in.take("R") || in.take("O")) {
  }
  std::vector<std::string> parts;
  if (in.take("St")) parts.emplace_back("std");
  while (!in.take("E")) {
    if (parts.size() == kMaxParts) return std::nullopt;
    const auto part = in.take_counted();
    if (part) {
      parts.push_back(*part == "_GLOBAL__N_1" ? "`anonymous namespace'" : *part);
    } else if (!parts.empty() && (in.take("C1") || in.take("C2"))) {
      parts.push_back(parts.back());
    } else if (!parts.empty() && (in.take("D0") || in.take("D1") || in.take("D2"))) {
      parts.push_back("~" + parts.back());
    } else {
      return std::nullopt;
    }
  }
  return parts.empty() ? std::nullopt : std::optional(join(parts));
}

/// `?method@Class@ns@@QEAAXH@Z`, `??0Class@ns@@QEAA@XZ`: names without templates and operators.
std::optional<std::string> undecorate_microsoft(std::string_view name) {
  Cursor in(name);
  if (!in.take("?")) return std::nullopt;
  const bool constructor = in.take("?0");
  const bool destructor = !constructor && in.take("?1");
  std::vector<std::string> parts;  // innermost first
  std::vector<std::string> known;  // what a digit refers to: each name that is spelled out
  while (!in.take("@")) {
    if (parts.size() == kMaxParts) return std::nullopt;
    const char next = in.peek();
    if (is_digit(next)) {
      (void)in.take_char();
      const auto index = static_cast<std::size_t>(next - '0');
      if (index >= known.size()) return std::nullopt;
      parts.push_back(known[index]);
      continue;
    }
    auto part = in.take_fragment();
    if (!part) return std::nullopt;
    known.push_back(*part);
    parts.push_back(std::move(*part));
  }
  if (parts.empty()) return std::nullopt;
  if (constructor) parts.insert(parts.begin(), parts.front());
  if (destructor) parts.insert(parts.begin(), "~" + parts.front());
  std::ranges::reverse(parts);
  return join(parts);
}

/// `_f@12`: C functions of 32-bit code that clean up their own parameters.
std::optional<std::string> undecorate_stdcall(std::string_view name) {
  const auto at = name.find('@');
  if (!name.starts_with('_') || at == std::string_view::npos || at + 1 == name.size())
    return std::nullopt;
  if (!std::ranges::all_of(name.substr(at + 1), is_digit)) return std::nullopt;
  const auto plain = name.substr(1, at - 1);
  return is_identifier(plain) ? std::optional(std::string(plain)) : std::nullopt;
}

}  // namespace

std::string undecorate(std::string_view name) {
  for (const auto rule : {undecorate_itanium, undecorate_microsoft, undecorate_stdcall}) {
    if (auto plain = rule(name)) return std::move(*plain);
  }
  return std::string(name);
}

}  // namespace vigil::symbols
