// SPDX-License-Identifier: Apache-2.0
#include "base/symbol_path.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil {
namespace {

bool is_url(std::string_view text) {
  const auto start = ascii_lower(text.substr(0, 8));
  return start.starts_with("http://") || start.starts_with("https://");
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// The text up to the next \p separator, which is taken away from \p rest with it.
std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

Result<SymbolPathElement> parse_element(std::string_view text) {
  SymbolPathElement element;
  if (text.find('*') == std::string_view::npos) {
    if (is_url(text))
      element.server = text;
    else
      element.folders.push_back(path_from_utf8(text));
    return element;
  }
  auto rest = text;
  const auto keyword = ascii_lower(take_until(rest, '*'));
  if (keyword == "symsrv") (void)take_until(rest, '*');  // the name of a DLL
  if (keyword != "srv" && keyword != "symsrv" && keyword != "cache") {
    return Error{Errc::Malformed,
                 fmt::format("symbol path: '{}' begins with '{}*', which is not srv*, symsrv* or "
                             "cache*",
                             text, keyword)};
  }
  while (!rest.empty()) {
    const auto part = trimmed(take_until(rest, '*'));
    if (part.empty()) continue;  // `srv**https://…`: the default cache
    if (!element.server.empty()) {
      return Error{Errc::Malformed,
                   fmt::format("symbol path: '{}' has something behind the server", text)};
    }
    if (is_url(part))
      element.server = part;
    else
      element.folders.push_back(path_from_utf8(part));
  }
  return element;
}

}  // namespace

Result<std::vector<SymbolPathElement>> parse_symbol_path(std::string_view text) {
  std::vector<SymbolPathElement> elements;
  while (!text.empty()) {
    const auto part = trimmed(take_until(text, ';'));
    if (part.empty()) continue;
    VIGIL_TRY_ASSIGN(auto element, parse_element(part));
    elements.push_back(std::move(element));
  }
  return elements;
}

}  // namespace vigil
