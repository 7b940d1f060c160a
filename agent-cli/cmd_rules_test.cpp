// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "base/utf.h"
#include "base/words.h"
#include "capture_text.h"
#include "commands.h"
#include "output.h"
#include "replay.h"
#include "rule_files.h"
#include "rules/rules.h"
#include "settings/settings.h"
#include "store/store.h"
#include "text.h"
#include "time_spec.h"

namespace vigil::cli {
namespace {

struct Sums {
  std::size_t deaths = 0, changed = 0, unknown = 0, dumps_then = 0, dumps_now = 0, full_now = 0;
};

Sums sums_of(const std::vector<Replayed>& replayed) {
  Sums sums;
  for (const auto& one : replayed) {
    if (store::is_death(one.capture->kind)) ++sums.deaths;
    if (one.differs()) ++sums.changed;
    if (one.capture->dump_kind != rules::to_string(rules::DumpKind::None)) ++sums.dumps_then;
    if (!one.unknown.empty()) {
      ++sums.unknown;
      continue;
    }
    if (one.decision.dump != rules::DumpKind::None) ++sums.dumps_now;
    if (one.decision.dump == rules::DumpKind::Full) ++sums.full_now;
  }
  return sums;
}

/// What was replayed, and what was not.
struct Run {
  std::vector<Replayed> replayed = {};
  std::vector<Untested> untested = {};
  std::size_t left_out = 0;
};

std::string line_of(const Context& context, const Replayed& one) {
  const auto& row = *one.capture;
  return fmt::format(
      "{}  {}  {}, {}\n    then  {}\n    now   {}\n",
      bold(context, fmt::format("{}", row.id.value)), format_time(context, row.observed_at),
      one_line(row.process), what_happened(row),
      one_line(row.decision.empty() ? "not decided" : row.decision), one_line(one.words()));
}

std::string sums_in_words(const Run& run) {
  const auto sums = sums_of(run.replayed);
  auto text = counted(sums.deaths, "death");
  if (const auto others = run.replayed.size() - sums.deaths; others > 0)
    text += fmt::format(" and {} of what lived on", counted(others, "capture"));
  text += fmt::format(" replayed, {} decided otherwise", sums.changed);
  if (sums.unknown > 0) text += fmt::format(", {} not known", sums.unknown);
  return text + fmt::format("; dumps: {} then, {} now, {} of them full\n", sums.dumps_then,
                            sums.dumps_now, sums.full_now);
}

void print_text(const Context& context, const Run& run, bool all) {
  std::string text;
  for (const auto& one : run.replayed) {
    if (all || one.differs()) text += line_of(context, one) + "\n";
  }
  text += sums_in_words(run);
  if (run.left_out > 0) {
    text += fmt::format(
        "{} left out that no rule was asked about: dumps by hand, or told of by "
        "the event log alone\n",
        counted(run.left_out, "row"));
  }
  if (!run.untested.empty()) text += "not tested:\n";
  for (const auto& [rule, why] : run.untested)
    text += fmt::format("  {}: {}\n", rule, one_line(why));
  print(text);
}

nlohmann::ordered_json to_json(const Replayed& one) {
  nlohmann::ordered_json object = {{"id", one.capture->id.value},
                                   {"process", one.capture->process},
                                   {"kind", store::to_string(one.capture->kind)},
                                   {"then",
                                    {{"rule", one.capture->rule},
                                     {"dump", one.capture->dump_kind},
                                     {"reason", one.capture->decision}}},
                                   {"now",
                                    {{"rule", one.decision.rule},
                                     {"dump", rules::to_string(one.decision.dump)},
                                     {"reason", one.decision.reason}}},
                                   {"differs", one.differs()},
                                   {"known", one.unknown.empty()}};
  if (!one.unknown.empty()) object["unknown"] = one.unknown;
  if (one.taken_as_met) object["taken_as_met"] = true;
  return object;
}

void print_replayed_json(const Run& run) {
  nlohmann::ordered_json object;
  auto events = nlohmann::ordered_json::array();
  for (const auto& one : run.replayed) events.push_back(to_json(one));
  auto untested = nlohmann::ordered_json::array();
  for (const auto& [rule, why] : run.untested)
    untested.push_back({{"rule", rule}, {"reason", why}});
  const auto sums = sums_of(run.replayed);
  object["events"] = std::move(events);
  object["differ"] = sums.changed;
  object["not_known"] = sums.unknown;
  object["dumps_then"] = sums.dumps_then;
  object["dumps_now"] = sums.dumps_now;
  object["left_out"] = run.left_out;
  object["not_tested"] = std::move(untested);
  print_json(object);
}

Result<Timestamp> begin_of(const Context& context, const std::string& since) {
  if (since.empty()) return Timestamp{std::numeric_limits<std::int64_t>::min()};
  auto time = parse_time_spec(since, SystemClock().now(), context.utc);
  if (!time.ok()) return std::move(time).take_error().with_context("--since");
  return *time;
}

/// All of it, whatever is shown: limits count what was before.
Result<std::vector<store::Capture>> read_past(const Context& context) {
  VIGIL_TRY_ASSIGN(auto store, store::Store::open(context.store_file, store::OpenMode::ReadOnly));
  return store.list({});
}

}  // namespace

ExitCode run_rules_test(const Context& context, const RulesTestOptions& options) {
  const auto path =
      options.path.empty() ? settings::DataPaths{context.data_folder}.rules_folder() : options.path;
  std::error_code code;
  if (!std::filesystem::exists(path, code)) {
    return report_error(
        {Errc::NotFound, fmt::format("{}: no such file or folder", utf8_from_path(path))});
  }
  const auto loaded = rules_at(context, path);
  for (const auto& problem : loaded.problems) say(one_line(problem.format()) + "\n");
  if (!loaded.problems.empty()) return ExitCode::Usage;
  const auto since = begin_of(context, options.since);
  if (!since.ok()) return usage_error(since.error().message());
  const auto captures = read_past(context);
  if (!captures.ok()) return report_error(captures.error());
  Run run{.replayed = replay(loaded.rules, *captures)};
  std::erase_if(run.replayed, [&](const auto& one) { return one.capture->observed_at < *since; });
  const auto shown = std::ranges::count_if(
      *captures, [&](const auto& capture) { return capture.observed_at >= *since; });
  run.left_out = static_cast<std::size_t>(shown) - run.replayed.size();
  run.untested = untested(loaded.rules, run.replayed);
  if (context.json) {
    print_replayed_json(run);
  } else {
    print_text(context, run, options.all);
  }
  return ExitCode::Ok;
}

}  // namespace vigil::cli
