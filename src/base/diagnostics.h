// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace vigil {

/// Losses and oddities met while reading, which the report carries. Bounded: a hostile file cannot
/// make it grow without end.
class Diagnostics {
 public:
  static constexpr std::size_t kMaxNotes = 200;

  void note(std::string text) {
    if (notes_.size() < kMaxNotes) {
      notes_.push_back(std::move(text));
    } else {
      ++dropped_;
    }
  }
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }
  /// How many notes came after the list was full.
  [[nodiscard]] std::size_t dropped() const noexcept { return dropped_; }

 private:
  std::vector<std::string> notes_;
  std::size_t dropped_ = 0;
};

}  // namespace vigil
