// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "yaml/yaml.h"

namespace vigil::yaml {

std::string Problem::format() const {
  if (line == 0) return fmt::format("{}: {}", file, message);
  if (column == 0) return fmt::format("{}:{}: {}", file, line, message);
  return fmt::format("{}:{}:{}: {}", file, line, column, message);
}

void Problems::add(Position at, std::string message) {
  const auto behind =
      std::upper_bound(problems_.begin(), problems_.end(), at, [](Position a, const Problem& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
      });
  const bool known = at.line != 0 && behind != problems_.begin() && (behind - 1)->line == at.line &&
                     (behind - 1)->column == at.column;
  if (known) return;
  if (full()) {
    dropped_ = true;
    return;
  }
  problems_.insert(behind, {file_, at.line, at.column, std::move(message)});
}

std::vector<Problem> Problems::take() && {
  if (dropped_) problems_.push_back({file_, 0, 0, "and more problems, which are not shown"});
  return std::move(problems_);
}

}  // namespace vigil::yaml
