// SPDX-License-Identifier: Apache-2.0
#include "rule_files.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/time.h"
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

/// What turns rules off has no last good version.
bool has_last_good(const std::string& file) {
  return !file.ends_with(rules::kDisabledFile);
}

}  // namespace

rules::LoadResult rules_of(const Context& context) {
  auto loaded = rules::load_rules(settings::DataPaths{context.data_folder}.rules_folder(),
                                  rule_file_objection());
  (void)loaded.rules.retire(SystemClock().now());
  return loaded;
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

std::string last_good_in_words(const rules::LoadResult& loaded) {
  auto files = broken_files(loaded);
  std::erase_if(files, [](const auto& file) { return !has_last_good(file); });
  if (files.empty()) return {};
  return fmt::format(
      "of {} a running service goes on with the rules that it had before, which "
      "cannot be seen from here",
      one_line(fmt::format("{}", fmt::join(files, " and "))));
}

void say_what_is_broken(const rules::LoadResult& loaded) {
  for (const auto& problem : loaded.problems)
    say(fmt::format("invalid: {}\n", one_line(problem.format())));
  if (const auto words = last_good_in_words(loaded); !words.empty())
    say(fmt::format("vigil: {}\n", words));
}

Subject subject_of(const store::Capture& row) {
  return {.facts = {row.process, row.path, row.command_line},
          .unknown = {"service", "user", "version"}};
}

}  // namespace vigil::cli
