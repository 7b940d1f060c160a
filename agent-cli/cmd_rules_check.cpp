// SPDX-License-Identifier: Apache-2.0
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/utf.h"
#include "base/words.h"
#include "commands.h"
#include "rule_files.h"
#include "rules/rules.h"
#include "settings/settings.h"

namespace vigil::cli {
namespace {

std::string summary(const rules::LoadResult& loaded) {
  auto text = counted(loaded.rules.rules.size() + loaded.rules.idle.size(), "rule");
  if (!loaded.rules.idle.empty())
    text += fmt::format(" ({} disabled or expired)", loaded.rules.idle.size());
  return fmt::format("{} in {}, no problems\n", text, counted(loaded.files, "file"));
}

std::string to_json(const rules::LoadResult& loaded) {
  using Json = nlohmann::ordered_json;
  auto problems = Json::array();
  for (const auto& problem : loaded.problems) {
    auto& entry = problems.emplace_back();
    entry["file"] = problem.file;
    if (problem.line > 0) entry["line"] = problem.line;
    if (problem.column > 0) entry["column"] = problem.column;
    entry["message"] = problem.message;
  }
  const Json result = {{"schema_version", 1},
                       {"files", loaded.files},
                       {"rules", loaded.rules.rules.size()},
                       {"problems", std::move(problems)}};
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
  const auto loaded = options.path.empty() ? rules_of(context) : rules::load_rules(path);
  if (context.json) {
    print(to_json(loaded));
  } else {
    for (const auto& problem : loaded.problems) say(printable_utf8(problem.format()) + "\n");
    if (loaded.problems.empty()) print(summary(loaded));
  }
  return loaded.problems.empty() ? ExitCode::Ok : ExitCode::Usage;
}

}  // namespace vigil::cli
