// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "breakpad/breakpad.h"

namespace vigil::breakpad {

/// Reads the lines of a text one after the other.
class Lines {
 public:
  /// The first line begins at \p offset.
  Lines(TextSource& text, std::uint64_t offset) : text_(text), offset_(offset) {}

  /// The next line without its end, until the text is asked again, by this or another. Nothing at
  /// the end of the text and at a line of more than kMaxLineBytes.
  [[nodiscard]] std::optional<std::string_view> next();

 private:
  TextSource& text_;
  std::uint64_t offset_;      // of the next line
  std::string_view there_{};  // from it on: what was read already
  bool is_first_read_ = true;
};

}  // namespace vigil::breakpad
