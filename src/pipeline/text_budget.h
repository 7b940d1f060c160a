// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vigil::pipeline {

/// Takes text over from a dump into a report: printable, each piece within a limit, and all of it
/// within one too. A hostile dump names a thousand modules with a megabyte each.
class TextBudget {
 public:
  /// Longer than any path or name that means something to a person.
  static constexpr std::size_t kMaxPiece = 1024;

  explicit TextBudget(std::size_t bytes) : left_(bytes) {}

  /// \p text, cut within \p limit bytes where it is longer; empty once the budget is used up.
  [[nodiscard]] std::string take(std::string_view text, std::size_t limit = kMaxPiece);

  /// How many pieces were cut or left out.
  [[nodiscard]] std::size_t cut() const noexcept { return cut_; }

 private:
  std::size_t left_;
  std::size_t cut_ = 0;
};

}  // namespace vigil::pipeline
