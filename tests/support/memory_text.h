// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "breakpad/breakpad.h"

namespace vigil::breakpad {

/// A symbol file's text that somebody else keeps in memory.
class MemoryText final : public TextSource {
 public:
  explicit MemoryText(std::string_view text) : text_(text) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return text_.size(); }
  [[nodiscard]] std::string_view view(std::uint64_t offset, std::size_t size) override {
    if (offset >= text_.size()) return {};
    return text_.substr(static_cast<std::size_t>(offset), size);
  }

 private:
  std::string_view text_;
};

}  // namespace vigil::breakpad
