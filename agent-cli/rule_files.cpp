// SPDX-License-Identifier: Apache-2.0
#include "rule_files.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "base/time.h"
#include "base/words.h"
#include "settings/settings.h"
#include "text.h"

namespace vigil::cli {
namespace {

namespace fs = std::filesystem;

/// Whether \p path is the folder that the service reads, or in it, whatever it is called by.
bool is_the_services(const Context& context, const fs::path& path) {
  const auto folder = settings::DataPaths{context.data_folder}.rules_folder();
  std::error_code code;
  if (fs::equivalent(path, folder, code)) return true;
  const auto parent = fs::absolute(path, code).parent_path();
  return !code && fs::equivalent(parent, folder, code);
}

/// Not the folder itself, and not what turns rules off: neither has a last good version.
bool is_rule_file(const std::string& file) {
  return file.find('/') != std::string::npos && !file.ends_with(rules::kDisabledFile);
}

/// Whether what lies in \p folder can be known: also where there is none.
bool can_be_listed(const fs::path& folder) {
  std::error_code code;
  if (!fs::exists(folder, code)) return !code;
  const fs::directory_iterator listing(folder, code);
  return !code;
}

}  // namespace

rules::LoadResult rules_of(const Context& context) {
  auto loaded = rules::load_rules(settings::DataPaths{context.data_folder}.rules_folder(),
                                  rule_file_objection());
  (void)loaded.rules.retire(SystemClock().now());
  return loaded;
}

RulesInForce rules_in_force(const Context& context) {
  RulesInForce rules{rules_of(context)};
  auto& loaded = rules.loaded;
  if (loaded.problems.empty()) return rules;
  const settings::DataPaths paths{context.data_folder};
  rules.whole = can_be_listed(paths.last_good_rules());
  loaded.rules = rules::keep_last_good(
      loaded, rules::load_last_good(paths.last_good_rules(), settings::DataPaths::kRulesFolder,
                                    rule_file_objection()));
  (void)loaded.rules.retire(SystemClock().now());
  return rules;
}

bool RulesInForce::is_last_good(const rules::Rule& rule) const {
  return std::ranges::find(loaded.problems, rule.file, &rules::Problem::file) !=
         loaded.problems.end();
}

rules::LoadResult rules_at(const Context& context, const fs::path& path) {
  return rules::load_rules(
      path, is_the_services(context, path) ? rule_file_objection() : rules::Objection{});
}

std::string place_of(const rules::Rule& rule) {
  return fmt::format("{}:{}", rule.file, rule.line);
}

std::vector<std::string> broken_files(const rules::LoadResult& loaded) {
  std::vector<std::string> files;
  for (const auto& problem : loaded.problems) {
    if (std::ranges::find(files, problem.file) == files.end()) files.push_back(problem.file);
  }
  return files;
}

std::vector<std::string> last_good_in_words(const RulesInForce& rules) {
  const auto words = [&rules](const std::string& file) {
    const auto& set = rules.loaded.rules;
    const auto kept =
        static_cast<std::size_t>(std::ranges::count(set.rules, file, &rules::Rule::file));
    const bool idle =
        std::ranges::any_of(set.idle, [&](const auto& entry) { return entry.rule.file == file; });
    const auto shown = one_line(file);
    if (!rules.whole) {
      return fmt::format(
          "of {} the service goes on with the last good version, which cannot be read from here",
          shown);
    }
    if (kept == 0 && idle)
      return fmt::format("of {} the last good version stays, whose rules are disabled", shown);
    if (kept == 0) return fmt::format("of {} nothing is in force", shown);
    return fmt::format("of {} the last good version stays in force: {}", shown,
                       counted(kept, "rule"));
  };
  std::vector<std::string> lines;
  for (const auto& file : broken_files(rules.loaded)) {
    if (is_rule_file(file)) lines.push_back(words(file));
  }
  return lines;
}

void say_what_is_broken(const RulesInForce& rules) {
  for (const auto& problem : rules.loaded.problems)
    say(fmt::format("invalid: {}\n", one_line(problem.format())));
  for (const auto& line : last_good_in_words(rules)) say(fmt::format("vigil: {}\n", line));
}

Subject subject_of(const store::Capture& row) {
  return {.facts = {row.process, row.path, row.command_line},
          .unknown = {"service", "user", "version"}};
}

}  // namespace vigil::cli
