// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vigil::report {

/// Writes JSON as it goes along, without a tree of values: a report has ten thousand of them.
/// Objects and arrays are opened and closed in pairs; in an object each value comes behind its key.
/// What is not ASCII is escaped, and invalid UTF-8 replaced.
class JsonText {
 public:
  explicit JsonText(bool pretty) : pretty_(pretty) {}

  void open(char bracket);          ///< `{` or `[`
  void close(char bracket);         ///< `}` or `]`
  void key(std::string_view name);  ///< One of ours: nothing in it needs to be escaped.
  void string(std::string_view value);
  void number(std::uint64_t value);
  void number(std::int64_t value);
  void boolean(bool value);
  /// `0x` and the digits, padded with zeros.
  void hex(std::uint64_t value, std::size_t digits);

  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  void begin_value();
  void new_line();
  void quoted(std::string_view value);

  std::string text_;
  std::size_t depth_ = 0;
  bool pretty_;
  bool first_ = true;       // in the innermost object or array
  bool after_key_ = false;  // the value belongs to a key
};

}  // namespace vigil::report
