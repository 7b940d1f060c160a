// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "base/utf.h"
#include "base/words.h"
#include "commands.h"
#include "rule_files.h"
#include "rules/rules.h"
#include "settings/settings.h"

namespace vigil::cli {
namespace {

using Problems = std::vector<rules::Problem>;

std::string summary(const rules::LoadResult& loaded, const Problems& warnings) {
  auto text = counted(loaded.rules.rules.size() + loaded.rules.idle.size(), "rule");
  if (!loaded.rules.idle.empty())
    text += fmt::format(" ({} disabled or expired)", loaded.rules.idle.size());
  text += fmt::format(" in {}, no problems", counted(loaded.files, "file"));
  if (!warnings.empty()) text += ", " + counted(warnings.size(), "warning");
  return text + "\n";
}

nlohmann::ordered_json to_json(const Problems& problems) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& problem : problems) {
    auto& entry = list.emplace_back();
    entry["file"] = problem.file;
    if (problem.line > 0) entry["line"] = problem.line;
    if (problem.column > 0) entry["column"] = problem.column;
    entry["message"] = problem.message;
  }
  return list;
}

std::string to_json(const rules::LoadResult& loaded, const Problems& warnings) {
  using Json = nlohmann::ordered_json;
  const Json result = {{"schema_version", 1},
                       {"files", loaded.files},
                       {"rules", loaded.rules.rules.size()},
                       {"problems", to_json(loaded.problems)},
                       {"warnings", to_json(warnings)}};
  // The name of a file is the only text here that need not be UTF-8.
  return result.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace

ExitCode run_rules_check(const Context& context, const RulesCheckOptions& options) {
  const auto path =
      options.path.empty() ? settings::DataPaths{context.data_folder}.rules_folder() : options.path;
  std::error_code code;
  if (std::filesystem::status(path, code).type() == std::filesystem::file_type::not_found) {
    return report_error(
        {Errc::NotFound, fmt::format("{}: no such file or folder", utf8_from_path(path))});
  }
  // A file that somebody works on is his; those of the service must be nobody else's.
  const auto loaded = options.path.empty() ? rules_of(context) : rules_at(context, path);
  const auto warnings = rules::doubts(loaded.rules, SystemClock().now());
  if (context.json) {
    print(to_json(loaded, warnings));
  } else {
    for (const auto& problem : loaded.problems) say(printable_utf8(problem.format()) + "\n");
    for (auto warning : warnings) {
      warning.message.insert(0, "warning: ");
      say(printable_utf8(warning.format()) + "\n");
    }
    if (loaded.problems.empty()) print(summary(loaded, warnings));
  }
  return loaded.problems.empty() ? ExitCode::Ok : ExitCode::Usage;
}

}  // namespace vigil::cli
