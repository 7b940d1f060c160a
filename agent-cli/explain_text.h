// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "explain_rules.h"
#include "rule_files.h"

/// How `vigil rules explain` says it.
namespace vigil::cli {

[[nodiscard]] std::string explained_text(const Question& question,
                                         const std::vector<Section>& sections,
                                         const RulesInForce& rules);
[[nodiscard]] nlohmann::ordered_json explained_json(const Question& question,
                                                    const std::vector<Section>& sections,
                                                    const RulesInForce& rules);

}  // namespace vigil::cli
