// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "yaml/check_text.h"

namespace vigil::yaml {

/// What to tell a person when yaml-cpp gave up with \p message at byte \p byte_column (0-based) of
/// line
/// \p line (1-based): what is usually wrong there, and how it is written rightly.
struct ParseError {
  Position at;
  std::string message;
};
[[nodiscard]] ParseError explain_parse_error(std::string_view message,
                                             int line,
                                             int byte_column,
                                             const Lines& lines);

}  // namespace vigil::yaml
