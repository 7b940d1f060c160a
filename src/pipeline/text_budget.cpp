// SPDX-License-Identifier: Apache-2.0
#include "pipeline/text_budget.h"

#include <algorithm>

#include "base/utf.h"

namespace vigil::pipeline {

std::string TextBudget::take(std::string_view text, std::size_t limit) {
  auto size = std::min({text.size(), limit, left_});
  if (size < text.size()) {
    ++cut_;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  }
  left_ -= size;
  return printable_utf8(text.substr(0, size));
}

}  // namespace vigil::pipeline
