// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "capture_json.h"
#include "capture_text.h"
#include "commands.h"
#include "console.h"
#include "output.h"
#include "store/store.h"
#include "suggest.h"
#include "text.h"
#include "time_spec.h"

namespace vigil::cli {
namespace {

constexpr std::size_t kColumns = 9;
constexpr std::array<std::string_view, kColumns> kHeader = {
    "ID", "TIME", "PROCESS", "PID", "WHAT", "STATE", "DUMP", "SEEN BY", "SYNOPSIS"};
constexpr std::array<bool, kColumns> kAlignRight = {true, false, false, true};
/// Process names are cut here, or one long name would push everything else out of sight.
constexpr std::size_t kMaxProcessWidth = 32;
/// With less room than this the last column says nothing any more and is left out.
constexpr std::size_t kMinLastWidth = 12;
constexpr std::string_view kGap = "  ";

/// Measured once: the table goes over its cells more than once.
struct Cell {
  explicit Cell(std::string words) : text(std::move(words)), width(display_width(text)) {}
  std::string text;
  std::size_t width;
};
using Row = std::vector<Cell>;

/// What there is to say of a process that lives on is why it was captured; of a death, how it was.
std::string sentence_of(const store::Capture& capture) {
  if (!store::is_death(capture.kind) && !capture.detail.empty()) return capture.detail;
  const auto& said = capture.synopsis.empty() ? capture.reason : capture.synopsis;
  return capture.managed.empty() ? said : fmt::format("{}: {}", capture.managed, said);
}

Row row_of(const Context& context, const store::Capture& capture) {
  const auto& process = capture.process;
  Row row;
  row.reserve(kColumns);
  row.emplace_back(std::to_string(capture.id.value));
  row.emplace_back(format_time(context, capture.observed_at));
  row.emplace_back(cut_to_width(one_line(process.empty() ? "?" : process), kMaxProcessWidth));
  row.emplace_back(capture.pid == ProcessId{} ? "-" : std::to_string(capture.pid.value));
  row.emplace_back(what_happened(capture));
  row.emplace_back(std::string(store::to_string(capture.state)));
  row.emplace_back(dump_in_words(capture));
  row.emplace_back(sources_in_words(capture.seen_by));
  row.emplace_back(one_line(sentence_of(capture)));
  return row;
}

Row heading() {
  Row row;
  for (const auto name : kHeader) row.emplace_back(std::string(name));
  return row;
}

/// How wide each column is, and what is left for the last.
struct Layout {
  std::array<std::size_t, kColumns> widths{};
  std::size_t columns = kColumns;
  std::size_t last_width = std::numeric_limits<std::size_t>::max();
};

/// A layout of \p rows that fits in \p terminal columns, where there is a terminal.
Layout lay_out(const std::vector<Row>& rows, std::optional<std::size_t> terminal) {
  Layout layout;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < kColumns; ++i)
      layout.widths[i] = std::max(layout.widths[i], row[i].width);
  }
  if (!terminal) return layout;
  const auto before_last =
      std::accumulate(layout.widths.begin(), layout.widths.end(), kGap.size() * (kColumns - 1));
  if (*terminal < before_last + kMinLastWidth) {
    --layout.columns;
  } else {
    layout.last_width = *terminal - before_last;
  }
  return layout;
}

std::string line_of(const Row& row, const Layout& layout) {
  std::string line;
  for (std::size_t i = 0; i < layout.columns; ++i) {
    if (i > 0) line += kGap;
    const auto& cell = row[i];
    const bool last = i + 1 == kColumns;
    const std::size_t padding = last ? 0 : layout.widths[i] - cell.width;
    if (kAlignRight[i]) line.append(padding, ' ');
    line += last && cell.width > layout.last_width ? cut_to_width(cell.text, layout.last_width)
                                                   : cell.text;
    if (!kAlignRight[i]) line.append(padding, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string table(const Context& context,
                  const std::vector<store::Capture>& captures,
                  bool legend) {
  std::vector<Row> rows;
  rows.reserve(captures.size() + 1);
  if (legend) rows.push_back(heading());
  for (const auto& capture : captures) rows.push_back(row_of(context, capture));
  const auto layout = lay_out(rows, terminal_width());
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto line = line_of(rows[i], layout);
    text += legend && i == 0 ? bold(context, line) : line;
    text += '\n';
  }
  return text;
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
  print(table(context, *captures, options.legend));
  return ExitCode::Ok;
}

}  // namespace vigil::cli
