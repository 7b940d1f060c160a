// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "rules/rules.h"
#include "store/store.h"

/// What rules would have decided on what has happened.
namespace vigil::cli {

struct Replayed {
  const store::Capture* capture = nullptr;
  rules::Decision decision;  ///< By the rules, with the limits as they would have stood then.
  [[nodiscard]] bool differs() const;
};

/// Decides on each death in \p captures, oldest first, as if \p rules had been in force from the
/// first on. Rows of living processes and of the system are left out: what was measured then is not
/// kept.
[[nodiscard]] std::vector<Replayed> replay(const rules::RuleSet& rules,
                                           const std::vector<store::Capture>& captures);

}  // namespace vigil::cli
