// SPDX-License-Identifier: Apache-2.0
#include "yaml/parse_error.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>

namespace vigil::yaml {
namespace {

namespace theirs = YAML::ErrorMsg;

/// Our words for a message that needs no details; empty: there are none.
std::string_view translate(std::string_view message) {
  const std::pair<std::string_view, std::string_view> translations[] = {
      {theirs::END_OF_MAP, "this does not belong to the map above it; check the indentation"},
      {theirs::END_OF_SEQ, "this does not belong to the list above it; check the indentation"},
      {theirs::END_OF_MAP_FLOW, "a ',' or the closing '}' is missing before this"},
      {theirs::END_OF_SEQ_FLOW, "a ',' or the closing ']' is missing before this"},
      {theirs::FLOW_END, "a closing bracket without its opening one"},
      {theirs::MAP_VALUE,
       "a ':' where none can be; 'key: value' has a space behind the ':', and a value with ': ' in "
       "it needs quotes"},
      {theirs::BLOCK_ENTRY, "a list item '- ' where none can begin; check the indentation"},
      {theirs::EOF_IN_SCALAR, "a quoted text without its closing quote"},
      {theirs::DOC_IN_SCALAR, "a quoted text without its closing quote"},
      {theirs::TAB_IN_INDENTATION, "a tab in the indentation; YAML is indented with spaces only"},
  };
  for (const auto& [their_words, our_words] : translations) {
    if (message == their_words) return our_words;
  }
  return {};
}

bool is_alias_error(std::string_view message) {
  return message == theirs::UNKNOWN_ANCHOR || message == theirs::ALIAS_NOT_FOUND ||
         message == theirs::CHAR_IN_ALIAS;
}

/// The word of \p line that the '*' at or before \p column begins; empty: there is none.
std::string_view star_word(std::string_view line, std::size_t& column) {
  column = line.substr(0, std::min(column + 1, line.size())).rfind('*');
  if (column == std::string_view::npos) return {};
  const auto rest = line.substr(column);
  return rest.substr(0, rest.find_first_of(" ,]}"));
}

}  // namespace

ParseError explain_parse_error(std::string_view message,
                               int line,
                               int byte_column,
                               const Lines& lines) {
  const Position at = lines.position(line, byte_column);
  const auto text = lines.line(line);
  auto column = static_cast<std::size_t>(std::max(byte_column, 0));
  if (is_alias_error(message)) {
    // `process: *.exe` is what people write, and in YAML it is a reference to an anchor.
    const auto word = star_word(text, column);
    if (!word.empty()) {
      return {lines.position(line, static_cast<int>(column)),
              fmt::format("a value that begins with '*' needs quotes: '{}'", word)};
    }
  }
  if (message.starts_with(theirs::INVALID_ESCAPE)) {
    return {
        at,
        R"(a '\' in double quotes begins an escape; write paths in single quotes: 'C:\Orders\*')"};
  }
  const bool in_flow = message == theirs::UNKNOWN_TOKEN || message == theirs::END_OF_MAP_FLOW ||
                       message == theirs::END_OF_SEQ_FLOW;
  if (in_flow && column < text.size() && text[column] == '?') {
    return {at, "inside [ ] and { } a value with a '?' needs quotes"};
  }
  if (message == theirs::UNKNOWN_TOKEN && column < text.size()) {
    return {at, fmt::format("a value cannot begin with '{}'; put it in quotes", text[column])};
  }
  const auto words = translate(message);
  return {at, words.empty() ? fmt::format("not valid YAML: {}", message) : std::string(words)};
}

}  // namespace vigil::yaml
