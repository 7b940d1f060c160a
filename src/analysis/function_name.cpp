// SPDX-License-Identifier: Apache-2.0
#include "analysis/function_name.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "analysis/siglists.h"

namespace vigil::analysis {
namespace {

/// Whether each < of \p text has its >.
bool is_balanced(std::string_view text) {
  return std::ranges::count(text, '<') == std::ranges::count(text, '>');
}

/// The end of a C++ operator's name that starts at \p position with `operator`: its symbol may be
/// made of the very characters that are looked for. Debuggers write template arguments right behind
/// it, `operator<<int>`: what is left then must be as many < as >.
std::size_t end_of_operator(std::string_view name, std::size_t position) {
  constexpr std::string_view kOperator = "operator", kSymbols = "=!+-*/%^&|~,[]";
  constexpr std::size_t kMaxLook = 1024;  // names may be full of operators
  constexpr std::array<std::string_view, 11> kOfBrackets = {"<=>", "<<=", ">>=", "->*", "->", "<<",
                                                            ">>",  "<=",  ">=",  "<",   ">"};
  auto end = position + kOperator.size();
  const auto rest = name.substr(end);
  if (rest.starts_with("()")) return end + 2;
  const auto until = rest.substr(0, std::min(rest.find('('), kMaxLook));
  for (const auto symbol : kOfBrackets) {
    if (until.starts_with(symbol) && is_balanced(until.substr(symbol.size()))) {
      return end + symbol.size();
    }
  }
  while (end < name.size() && kSymbols.find(name[end]) != std::string_view::npos) ++end;
  return end;
}

/// Where the parentheses that open at \p position close; the end, where they do not.
std::size_t end_of_parameters(std::string_view name, std::size_t position) {
  std::size_t depth = 0;
  for (; position < name.size(); ++position) {
    if (name[position] == '(') ++depth;
    if (name[position] == ')' && --depth == 0) return position + 1;
  }
  return name.size();
}

/// Of a function that others are in, `f(int)::{lambda()#1}::operator()`: where the parameters that
/// begin at \p position end, with the qualifiers behind them. Nothing, where the function is not.
std::optional<std::size_t> end_of_enclosing(std::string_view name, std::size_t position) {
  auto end = end_of_parameters(name, position);
  for (const std::string_view qualifier : {" const", " volatile", " &&", " &"}) {
    if (name.substr(end).starts_with(qualifier)) end += qualifier.size();
  }
  return name.substr(end).starts_with("::") ? std::optional(end) : std::nullopt;
}

/// The end of what c++filt puts in braces at \p position: `{lambda(int)#1}`.
std::size_t end_of_braces(std::string_view name, std::size_t position) {
  const auto end = name.find('}', position);
  return end == std::string_view::npos ? name.size() : end + 1;
}

bool starts_word(std::string_view name, std::size_t position) {
  return position == 0 || name[position - 1] == ':' || name[position - 1] == ' ';
}

/// \p name with each outermost <…> as <T>, up to the parameter list.
std::string without_arguments(std::string_view name) {
  constexpr std::string_view kAnonymous = "(anonymous namespace)";
  std::string result;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto rest = name.substr(i);
    if (depth == 0 && rest.starts_with("operator") && starts_word(name, i)) {
      const auto end = end_of_operator(name, i);
      result.append(name.substr(i, end - i));
      i = end - 1;
    } else if (depth == 0 && rest.starts_with(kAnonymous)) {
      result.append(kAnonymous);
      i += kAnonymous.size() - 1;
    } else if (depth == 0 && rest.starts_with("{lambda(")) {
      result += "{lambda}";  // they are numbered
      i = end_of_braces(name, i) - 1;
    } else if (rest.front() == '<') {
      if (depth++ == 0) result += "<T>";
    } else if (rest.front() == '>' && depth > 0) {
      --depth;
    } else if (depth == 0 && rest.front() == '(' && i > 0) {
      const auto end = end_of_enclosing(name, i);
      if (!end) break;
      i = *end - 1;
    } else if (depth == 0) {
      result += rest.front();
    }
  }
  return result;
}

/// Whether the line \p text of trim.txt stands at \p position of \p name.
bool stands_at(std::string_view name, std::size_t position, std::string_view text) {
  if (text.size() > name.size() - position) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = name[position + i];
    const bool hex_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    const bool equal = text[i] == '#' ? hex_digit : c == (text[i] == '~' ? ' ' : text[i]);
    if (!equal) return false;
  }
  return true;
}

/// \p name without what trim.txt takes away.
std::string_view trimmed(std::string_view name) {
  for (auto text : trim_texts()) {
    if (text.starts_with('^')) {
      text.remove_prefix(1);
      if (stands_at(name, 0, text) && name.size() > text.size()) name.remove_prefix(text.size());
      continue;
    }
    const char first = text.front() == '~' ? ' ' : text.front();
    for (auto i = name.find(first, 1); i != std::string_view::npos; i = name.find(first, i + 1)) {
      if (!stands_at(name, i, text)) continue;
      name = name.substr(0, i);
      break;
    }
  }
  return name;
}

}  // namespace

std::string normalize_function(std::string_view function) {
  const auto name = trimmed(function);
  const bool mangled = name.starts_with('?') || name.starts_with("_Z");
  auto result = mangled ? std::string(name) : without_arguments(name);
  while (result.ends_with(' ')) result.pop_back();
  return result;
}

}  // namespace vigil::analysis
