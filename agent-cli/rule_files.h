// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/ids.h"
#include "commands.h"
#include "rules/rules.h"

/// The rules that the commands of `vigil rules` speak of.
namespace vigil::cli {

/// Those of the data folder, as the service would use them now.
[[nodiscard]] rules::LoadResult rules_of(const Context& context);

/// `rules.d/orders.yaml:4`
[[nodiscard]] std::string place_of(const rules::Rule& rule);

/// What is against reading a rule file, where the system has an opinion.
[[nodiscard]] rules::Objection rule_file_objection();

/// What \p pid is to the rules: name, path, command line, services. Errc::NotFound: there is no
/// such process; Unsupported: not on this system.
[[nodiscard]] Result<rules::ProcessFacts> facts_of_process(ProcessId pid);

}  // namespace vigil::cli
