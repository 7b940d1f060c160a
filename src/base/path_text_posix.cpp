// SPDX-License-Identifier: Apache-2.0
#include "base/utf.h"

namespace vigil {

// Names are bytes here: they go through unchanged, whatever they are.

std::filesystem::path path_from_utf8(std::string_view text) {
  return std::filesystem::path(text);
}

std::string utf8_from_path(const std::filesystem::path& path) {
  return path.native();
}

}  // namespace vigil
