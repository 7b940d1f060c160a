// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/ids.h"
#include "commands.h"
#include "rule_fit.h"
#include "rules/rules.h"
#include "store/store.h"

/// The rules that the commands of `vigil rules` speak of.
namespace vigil::cli {

/// Those of the data folder as its files stand.
[[nodiscard]] rules::LoadResult rules_of(const Context& context);

/// Those of the data folder as the service uses them: for a file with problems, those of the copy
/// that the service keeps of its last good version.
struct RulesInForce {
  rules::LoadResult loaded;  ///< Its rules are those in force, its problems those of the files.
  bool whole = true;         ///< Not: of broken files it cannot be seen what is in force.

  /// Whether \p rule stands in a copy alone.
  [[nodiscard]] bool is_last_good(const rules::Rule& rule) const;
};
[[nodiscard]] RulesInForce rules_in_force(const Context& context);

/// Those of \p path. What lies in the service's rules folder is held to what the service asks of a
/// file; one elsewhere is somebody's own.
[[nodiscard]] rules::LoadResult rules_at(const Context& context, const std::filesystem::path& path);

/// `rules.d/orders.yaml:4`
[[nodiscard]] std::string place_of(const rules::Rule& rule);

/// The rule files that have problems, each once.
[[nodiscard]] std::vector<std::string> broken_files(const rules::LoadResult& loaded);
/// For each broken file what is in force: `of rules.d/orders.yaml the last good version stays in
/// force: 2 rules`.
[[nodiscard]] std::vector<std::string> last_good_in_words(const RulesInForce& rules);
/// Each problem, and what the service makes of it, on standard error.
void say_what_is_broken(const RulesInForce& rules);

/// What is against reading a rule file, where the system has an opinion.
[[nodiscard]] rules::Objection rule_file_objection();

/// What \p pid is to the rules. Errc::NotFound: there is no such process; Unsupported: not on this
/// system.
[[nodiscard]] Result<Subject> subject_of_process(ProcessId pid);
/// What the store knows of the process of \p row: name, path and command line.
[[nodiscard]] Subject subject_of(const store::Capture& row);

}  // namespace vigil::cli
