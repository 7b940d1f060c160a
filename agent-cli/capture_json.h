// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "commands.h"
#include "store/store.h"

/// Captures and signals as JSON: docs/man/vigil.md is the contract. What is not known is left out.
namespace vigil::cli {

[[nodiscard]] nlohmann::ordered_json to_json(const Context& context, const store::Capture& capture);
[[nodiscard]] nlohmann::ordered_json to_json(const store::Signal& signal);
[[nodiscard]] nlohmann::ordered_json to_json(const store::LogEvent& event);
[[nodiscard]] nlohmann::ordered_json to_json(const store::Action& action);

}  // namespace vigil::cli
