// SPDX-License-Identifier: Apache-2.0
#include "rule_folder.h"

#include <utility>

#include <fmt/format.h>

#include "base/words.h"
#include "last_good.h"

namespace vigil::service {

rules::RuleSet RuleFolder::load(const rules::RuleSet& before, Timestamp now) {
  const auto& paths = parts_.paths;
  const auto loaded = rules::load_rules(paths.rules_folder(), parts_.objection);
  whole_ = loaded.problems.empty();
  // At the start there are none of before, but those that were kept.
  const bool from_copies = !std::exchange(loaded_before_, true) && !whole_;
  auto in_force = rules::keep_last_good(
      loaded, from_copies
                  ? rules::load_last_good(paths.last_good_rules(),
                                          settings::DataPaths::kRulesFolder, parts_.objection)
                  : before);
  (void)in_force.retire(now);
  if (const auto kept = keep_copies(loaded, paths.last_good_rules()); !kept.ok())
    parts_.log.warn("{}; what rules were in force would not outlast a start",
                    kept.error().message());
  say(loaded, in_force.rules.size());
  return in_force;
}

void RuleFolder::say(const rules::LoadResult& loaded, std::size_t in_force) {
  const auto sum =
      fmt::format("{} of {} in force", counted(in_force, "rule"), counted(loaded.files, "file"));
  auto all = sum;
  for (const auto& problem : loaded.problems) all += '\n' + problem.format();
  if (all == std::exchange(said_, all)) return;
  for (const auto& problem : loaded.problems) {
    parts_.log.error("{}; rules that this file had before, if any, stay in force",
                     problem.format());
  }
  parts_.log.info("{}", sum);
}

}  // namespace vigil::service
