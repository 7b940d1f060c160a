// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>
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
#include "text.h"

namespace vigil::cli {
namespace {

constexpr std::string_view kHeading =
    "# Rules that are not asked, a line each. vigil rules enable and disable write this file.\n";

/// Rules that can be switched: also those that are off, whatever file they stand in.
std::vector<std::string> known_names(const rules::RuleSet& set, const std::string& disabled) {
  auto names = rules::parse_disabled(disabled);
  for (const auto& rule : set.rules) names.push_back(rule.name);
  for (const auto& [rule, expired] : set.idle) names.push_back(rule.name);
  return names;
}

/// \p text without the lines of \p name; everything else stays as somebody wrote it.
std::string without(std::string_view text, const std::string& name) {
  std::string kept;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    const auto line = text.substr(0, end);
    text.remove_prefix(end);
    if (rules::parse_disabled(line) != std::vector{name}) kept += line;
  }
  return kept;
}

Result<std::string> read_disabled(const std::filesystem::path& file) {
  auto text = platform::read_file(file, rules::kMaxRuleFileBytes);
  if (!text.ok() && text.error().code() == Errc::NotFound) return std::string(kHeading);
  return text;
}

/// Why nothing of what kDisabledFile says is obeyed; empty: it is. To write it anew would make
/// everything count that somebody may have put there.
std::string why_refused(const rules::LoadResult& loaded) {
  for (const auto& problem : loaded.problems) {
    if (!problem.file.ends_with(rules::kDisabledFile)) continue;
    return fmt::format(
        "{}; the service obeys nothing that it says. Put that right, or remove it, "
        "and try again",
        one_line(problem.format()));
  }
  return {};
}

}  // namespace

ExitCode run_rules_switch(const Context& context, const RulesSwitchOptions& options) {
  const auto file = settings::DataPaths{context.data_folder}.rules_folder() /
                    path_from_utf8(rules::kDisabledFile);
  const auto loaded = rules_in_force(context).loaded;
  if (auto why = why_refused(loaded); !why.empty())
    return report_error({Errc::Malformed, std::move(why)});
  auto text = read_disabled(file);
  if (!text.ok()) return report_error(text.error());
  const auto known = known_names(loaded.rules, *text);
  std::string said;
  for (const auto& name : options.names) {
    if (std::ranges::find(known, name) == known.end()) {
      const auto hint = loaded.problems.empty() ? did_you_mean(name, known)
                                                : "; some files have problems: vigil rules check";
      return report_error({Errc::NotFound, fmt::format("there is no rule '{}'{}", name, hint)});
    }
    const auto off = rules::parse_disabled(*text);
    const bool is_off = std::ranges::find(off, name) != off.end();
    if (options.enable) *text = without(*text, name);
    if (!options.enable && !is_off) {
      if (!text->empty() && !text->ends_with('\n')) *text += '\n';
      *text += name + "\n";
    }
    said += fmt::format("vigil: rule {} is {}{}\n", one_line(name),
                        options.enable ? "enabled" : "disabled",
                        is_off == options.enable ? "" : " already");
  }
  if (const auto written = platform::write_file_atomically(file, *text); !written.ok())
    return report_error(written.error());
  say(said);
  return ExitCode::Ok;
}

}  // namespace vigil::cli
