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

/// Those of the data folder, as the service would use them now.
[[nodiscard]] rules::LoadResult rules_of(const Context& context);

/// Those of \p path. What lies in the service's rules folder is held to what the service asks of a
/// file; one elsewhere is somebody's own.
[[nodiscard]] rules::LoadResult rules_at(const Context& context, const std::filesystem::path& path);

/// `rules.d/orders.yaml:4`
[[nodiscard]] std::string place_of(const rules::Rule& rule);

/// The rule files that have problems, each once.
[[nodiscard]] std::vector<std::string> broken_files(const rules::LoadResult& loaded);
/// `of rules.d/orders.yaml a running service goes on with the rules that it had before, which
/// cannot be seen from here`; empty: no file is broken.
[[nodiscard]] std::string last_good_in_words(const rules::LoadResult& loaded);
/// Each problem, and what a running service makes of it, on standard error.
void say_what_is_broken(const rules::LoadResult& loaded);

/// What is against reading a rule file, where the system has an opinion.
[[nodiscard]] rules::Objection rule_file_objection();

/// What \p pid is to the rules. Errc::NotFound: there is no such process; Unsupported: not on this
/// system.
[[nodiscard]] Result<Subject> subject_of_process(ProcessId pid);
/// What the store knows of the process of \p row: name, path and command line.
[[nodiscard]] Subject subject_of(const store::Capture& row);

}  // namespace vigil::cli
