// SPDX-License-Identifier: Apache-2.0
#include "analysis/place.h"

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::analysis {

std::string module_stem(std::string_view file_name) {
  const auto dot = file_name.find_last_of('.');
  return ascii_lower(dot == std::string_view::npos || dot == 0 ? file_name
                                                               : file_name.substr(0, dot));
}

std::string name_of(const report::Frame& frame) {
  auto without_offset = frame;
  without_offset.function_offset = 0;
  return report::place_of(without_offset);
}

std::string place_in_words(const report::Frame& frame) {
  if (frame.function.empty() || frame.file.empty() || frame.line == 0)
    return report::place_of(frame);
  return fmt::format("{} ({}:{})", name_of(frame), windows_file_name(frame.file), frame.line);
}

}  // namespace vigil::analysis
