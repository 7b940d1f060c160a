// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "breakpad/breakpad.h"
#include "breakpad/text.h"

namespace vigil::breakpad {
namespace {

/// `.cfa:` and the like, which begin a rule.
bool is_target(std::string_view word) noexcept {
  return word.size() > 1 && word.back() == ':';
}

}  // namespace

const CfiRules::Rule* CfiRules::find(std::string_view target) const noexcept {
  const auto* found =
      std::find_if(begin(), end(), [&](const Rule& rule) { return rule.target == target; });
  return found == end() ? nullptr : found;
}

bool CfiRules::add(std::string_view text) {
  Words words(text);
  Rule* rule = nullptr;
  while (!words.rest().empty()) {
    const auto word = words.word();
    if (is_target(word)) {
      const auto target = word.substr(0, word.size() - 1);
      const auto* known = find(target);
      if (known == nullptr && size_ == kMaxRules) return false;
      rule = &rules_[known == nullptr ? size_++ : static_cast<std::size_t>(known - begin())];
      *rule = {target, {}};
      continue;
    }
    if (rule == nullptr) return false;
    const char* start = rule->expression.empty() ? word.data() : rule->expression.data();
    const auto length = static_cast<std::size_t>(word.data() + word.size() - start);
    rule->expression = std::string_view(start, length);
  }
  return rule != nullptr && !rule->expression.empty();
}

}  // namespace vigil::breakpad
