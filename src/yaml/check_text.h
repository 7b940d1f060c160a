// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "yaml/yaml.h"

namespace vigil::yaml {

/// The lines of a text that somebody else keeps alive.
class Lines {
 public:
  explicit Lines(std::string_view text);

  [[nodiscard]] int count() const noexcept { return static_cast<int>(starts_.size()); }
  /// Line \p line (1-based) without its end; empty past the last.
  [[nodiscard]] std::string_view line(int line) const;
  /// Where byte \p byte_column (0-based) of line \p line (1-based) is for an editor.
  [[nodiscard]] Position position(int line, int byte_column) const;
  [[nodiscard]] Position position_of(std::size_t offset) const;

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

/// \p text without the byte order mark that Windows editors put in front.
[[nodiscard]] std::string_view without_bom(std::string_view text);

/// Text that yaml-cpp would not refuse or not explain: not UTF-8, control characters, tabs in front
/// of a line's text, more structure than the limits allow. False when yaml-cpp must not see it.
[[nodiscard]] bool check_text(std::string_view text, const Lines& lines, Problems& problems);

}  // namespace vigil::yaml
