// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "capture_json.h"
#include "capture_text.h"
#include "commands.h"
#include "console.h"
#include "output.h"
#include "store/store.h"
#include "suggest.h"
#include "table.h"
#include "text.h"
#include "time_spec.h"

namespace vigil::cli {
namespace {

/// Process names are cut here, or one long name would push everything else out of sight.
constexpr std::size_t kMaxProcessWidth = 32;

/// What there is to say of a process that lives on is why it was captured; of a death, how it was.
std::string sentence_of(const store::Capture& capture) {
  if (!store::is_death(capture.kind) && !capture.detail.empty()) return capture.detail;
  const auto& said = capture.synopsis.empty() ? capture.reason : capture.synopsis;
  return capture.managed.empty() ? said : fmt::format("{}: {}", capture.managed, said);
}

std::vector<std::string> cells_of(const Context& context, const store::Capture& capture) {
  const auto& process = capture.process;
  return {std::to_string(capture.id.value),
          format_time(context, capture.observed_at),
          cut_to_width(one_line(process.empty() ? "?" : process), kMaxProcessWidth),
          capture.pid == ProcessId{} ? "-" : std::to_string(capture.pid.value),
          what_happened(capture),
          std::string(store::to_string(capture.state)),
          dump_in_words(capture),
          sources_in_words(capture.seen_by),
          one_line(sentence_of(capture))};
}

Table table_of(const Context& context, const std::vector<store::Capture>& captures) {
  Table table({{"ID", Table::Align::Right},
               {"TIME"},
               {"PROCESS"},
               {"PID", Table::Align::Right},
               {"WHAT"},
               {"STATE"},
               {"DUMP"},
               {"SEEN BY"},
               {"SYNOPSIS"}});
  for (const auto& capture : captures) table.add(cells_of(context, capture));
  return table;
}

Result<std::optional<store::State>> parse_state(const std::string& name) {
  if (name.empty()) return std::optional<store::State>();
  if (const auto state = store::state_from(name)) return state;
  std::vector<std::string> known;
  for (int i = 0; i <= static_cast<int>(store::State::Skipped); ++i) {
    known.emplace_back(store::to_string(static_cast<store::State>(i)));
  }
  auto near = did_you_mean(name, known);
  if (near.empty()) near = fmt::format("; the states are {}", fmt::join(known, ", "));
  return Error{Errc::Malformed, fmt::format("--state: there is no state '{}'{}", name, near)};
}

Result<std::optional<Timestamp>> parse_time(std::string_view option,
                                            const std::string& text,
                                            bool utc) {
  if (text.empty()) return std::optional<Timestamp>();
  auto time = parse_time_spec(text, SystemClock().now(), utc);
  if (!time.ok()) return std::move(time).take_error().with_context(option);
  return std::optional(*time);
}

Result<store::ListFilter> filter_of(const Context& context, const ListOptions& options) {
  store::ListFilter filter;
  filter.process = options.process;
  filter.limit = options.count;
  VIGIL_TRY_ASSIGN(filter.state, parse_state(options.state));
  VIGIL_TRY_ASSIGN(filter.since, parse_time("--since", options.since, context.utc));
  VIGIL_TRY_ASSIGN(filter.until, parse_time("--until", options.until, context.utc));
  return filter;
}

}  // namespace

ExitCode run_list(const Context& context, const ListOptions& options) {
  auto filter = filter_of(context, options);
  if (!filter.ok()) return usage_error(filter.error().message());
  auto store = store::Store::open(context.store_file, store::OpenMode::ReadOnly);
  if (!store.ok()) return report_error(store.error());
  auto captures = store->list(*filter);
  if (!captures.ok()) return report_error(captures.error());
  if (options.newest_first) std::ranges::reverse(*captures);

  if (context.json) {
    auto array = nlohmann::ordered_json::array();
    for (const auto& capture : *captures) array.push_back(to_json(context, capture));
    print_json(array);
    return ExitCode::Ok;
  }
  if (captures->empty()) {
    say("no captures\n");
    return ExitCode::Ok;
  }
  print(table_of(context, *captures).text(context, terminal_width(), options.legend));
  return ExitCode::Ok;
}

}  // namespace vigil::cli
