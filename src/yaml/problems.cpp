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
  const bool known =
      at.line != 0 && std::any_of(problems_.begin(), problems_.end(), [&](const Problem& p) {
        return p.line == at.line && p.column == at.column;
      });
  if (known) return;
  if (full()) {
    dropped_ = true;
    return;
  }
  problems_.push_back({file_, at.line, at.column, std::move(message)});
}

std::vector<Problem> Problems::take() && {
  std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  if (dropped_) problems_.push_back({file_, 0, 0, "and more problems, which are not shown"});
  return std::move(problems_);
}

}  // namespace vigil::yaml
