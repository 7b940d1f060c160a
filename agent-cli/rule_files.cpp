// SPDX-License-Identifier: Apache-2.0
#include "rule_files.h"

#include <fmt/format.h>

#include "base/time.h"
#include "settings/settings.h"

namespace vigil::cli {

rules::LoadResult rules_of(const Context& context) {
  auto loaded = rules::load_rules(settings::DataPaths{context.data_folder}.rules_folder(),
                                  rule_file_objection());
  (void)loaded.rules.retire(SystemClock().now());
  return loaded;
}

std::string place_of(const rules::Rule& rule) {
  return fmt::format("{}:{}", rule.file, rule.line);
}

}  // namespace vigil::cli
