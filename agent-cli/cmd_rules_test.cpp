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
#include "rules/rules.h"
#include "settings/settings.h"
#include "store/store.h"
#include "text.h"
#include "time_spec.h"

namespace vigil::cli {
namespace {

struct Sums {
  std::size_t changed = 0, dumps_then = 0, dumps_now = 0, full_now = 0;
};

Sums sums_of(const std::vector<Replayed>& replayed) {
  Sums sums;
  for (const auto& one : replayed) {
    if (one.differs()) ++sums.changed;
    if (one.capture->dump_kind != rules::to_string(rules::DumpKind::None)) ++sums.dumps_then;
    if (one.decision.dump != rules::DumpKind::None) ++sums.dumps_now;
    if (one.decision.dump == rules::DumpKind::Full) ++sums.full_now;
  }
  return sums;
}

std::string line_of(const Context& context, const Replayed& one) {
  const auto& row = *one.capture;
  return fmt::format(
      "{}  {}  {}, {}\n    then  {}\n    now   {}\n",
      bold(context, fmt::format("{}", row.id.value)), format_time(context, row.observed_at),
      one_line(row.process), what_happened(row),
      one_line(row.decision.empty() ? "not decided" : row.decision), one_line(one.decision.reason));
}

void print_text(const Context& context,
                const std::vector<Replayed>& replayed,
                std::size_t left_out,
                bool all) {
  std::string text;
  for (const auto& one : replayed) {
    if (all || one.differs()) text += line_of(context, one) + "\n";
  }
  const auto sums = sums_of(replayed);
  text +=
      fmt::format("{} replayed, {} decided otherwise; dumps: {} then, {} now, {} of them full\n",
                  counted(replayed.size(), "death"), sums.changed, sums.dumps_then, sums.dumps_now,
                  sums.full_now);
  if (left_out > 0) {
    text += fmt::format(
        "{} of living processes or of the system left out: what was measured then "
        "is not kept\n",
        counted(left_out, "row"));
  }
  print(text);
}

void print_replayed_json(const std::vector<Replayed>& replayed, std::size_t left_out) {
  nlohmann::ordered_json object;
  auto& list = object["events"] = nlohmann::ordered_json::array();
  for (const auto& one : replayed) {
    list.push_back({{"id", one.capture->id.value},
                    {"process", one.capture->process},
                    {"then",
                     {{"rule", one.capture->rule},
                      {"dump", one.capture->dump_kind},
                      {"reason", one.capture->decision}}},
                    {"now",
                     {{"rule", one.decision.rule},
                      {"dump", rules::to_string(one.decision.dump)},
                      {"reason", one.decision.reason}}},
                    {"differs", one.differs()}});
  }
  const auto sums = sums_of(replayed);
  object["differ"] = sums.changed;
  object["dumps_then"] = sums.dumps_then;
  object["dumps_now"] = sums.dumps_now;
  object["left_out"] = left_out;
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
  const auto loaded = rules::load_rules(path);
  for (const auto& problem : loaded.problems) say(one_line(problem.format()) + "\n");
  if (!loaded.problems.empty()) return ExitCode::Usage;
  const auto since = begin_of(context, options.since);
  if (!since.ok()) return usage_error(since.error().message());
  const auto captures = read_past(context);
  if (!captures.ok()) return report_error(captures.error());
  auto replayed = replay(loaded.rules, *captures);
  std::erase_if(replayed, [&](const auto& one) { return one.capture->observed_at < *since; });
  const auto shown = std::ranges::count_if(
      *captures, [&](const auto& capture) { return capture.observed_at >= *since; });
  const auto left_out = static_cast<std::size_t>(shown) - replayed.size();
  if (context.json) {
    print_replayed_json(replayed, left_out);
  } else {
    print_text(context, replayed, left_out, options.all);
  }
  return ExitCode::Ok;
}

}  // namespace vigil::cli
