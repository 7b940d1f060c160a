// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/utf.h"
#include "commands.h"
#include "output.h"
#include "platform/platform.h"
#include "rule_files.h"
#include "rules/rules.h"
#include "settings/settings.h"
#include "suggest.h"

namespace vigil::cli {
namespace {

std::vector<std::string> all_names(const rules::RuleSet& set) {
  std::vector<std::string> names;
  for (const auto& rule : set.rules) names.push_back(rule.name);
  for (const auto& [rule, expired] : set.idle) names.push_back(rule.name);
  return names;
}

std::vector<std::string> disabled_names(const rules::RuleSet& set) {
  std::vector<std::string> names;
  for (const auto& [rule, expired] : set.idle) {
    if (!expired) names.push_back(rule.name);
  }
  return names;
}

Status write_disabled(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  std::string text =
      "# Rules that are not asked. vigil rules enable and disable write this file.\n";
  for (const auto& name : names) text += name + "\n";
  return platform::write_file_atomically(folder / path_from_utf8(rules::kDisabledFile), text);
}

}  // namespace

ExitCode run_rules_switch(const Context& context, const RulesSwitchOptions& options) {
  const auto loaded = rules_of(context);
  const auto known = all_names(loaded.rules);
  auto disabled = disabled_names(loaded.rules);
  std::string said;
  for (const auto& name : options.names) {
    if (std::ranges::find(known, name) == known.end()) {
      return report_error({Errc::NotFound, fmt::format("there is no rule '{}'{}", name,
                                                       did_you_mean(name, known))});
    }
    const bool is_off = std::ranges::find(disabled, name) != disabled.end();
    if (options.enable) std::erase(disabled, name);
    if (!options.enable && !is_off) disabled.push_back(name);
    said += fmt::format("vigil: rule {} is {}{}\n", name, options.enable ? "enabled" : "disabled",
                        is_off == options.enable ? "" : " already");
  }
  const auto folder = settings::DataPaths{context.data_folder}.rules_folder();
  if (const auto written = write_disabled(folder, disabled); !written.ok())
    return report_error(written.error());
  say(said);
  return ExitCode::Ok;
}

}  // namespace vigil::cli
