// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analyze.h"
#include "base/utf.h"
#include "base/words.h"
#include "commands.h"
#include "console.h"
#include "fetch/fetch.h"
#include "output.h"
#include "platform/platform.h"
#include "report/report.h"
#include "report_source.h"
#include "text.h"

namespace vigil::cli {
namespace {

namespace fs = std::filesystem;

/// With the unwind rules that come with symbols and images a stack is walked further, into a module
/// that nobody asked for before: so often a dump is looked at again.
constexpr int kMaxRounds = 32;

/// The modules of a report that the frames of its threads lie in, by their names in lower case.
std::set<std::string> modules_on_stacks(const report::Report& report) {
  std::set<std::string> names;
  for (const auto& thread : report.threads) {
    for (const auto& frame : thread.frames) names.insert(ascii_lower(frame.module));
  }
  return names;
}

/// What \p report lacks.
std::vector<fetch::Wanted> wanted_of(const report::Report& report,
                                     const SymbolsFetchOptions& options) {
  std::vector<fetch::Wanted> wanted;
  const auto on_stacks = modules_on_stacks(report);
  for (const auto& module : report.modules) {
    const std::string name(windows_file_name(module.path));
    if (!options.all && !on_stacks.contains(ascii_lower(name))) continue;
    const bool has_symbols = module.symbols == "pdb" || module.symbols == "sym";
    if (!has_symbols && !module.debug_id.empty()) {
      wanted.push_back({fetch::Kind::Symbols, std::string(windows_file_name(module.debug_file)),
                        module.debug_id});
    }
    if (options.images && !module.code_id.empty())
      wanted.push_back({fetch::Kind::Image, name, module.code_id});
  }
  return wanted;
}

/// How far it is, on the terminal's last line.
class ProgressLine {
 public:
  ProgressLine() : shown_(platform::stderr_is_terminal()) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const fetch::Progress& progress) {
    constexpr std::chrono::milliseconds kEvery{100};
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || (drawn_ && now - last_ < kEvery)) return;
    drawn_ = true;
    last_ = now;
    say(fmt::format("\r{} of {}, {}\x1b[K", progress.done, counted(progress.total, "file"),
                    format_bytes(progress.bytes)));
  }
  void clear() {
    if (std::exchange(drawn_, false)) say("\r\x1b[K");
  }

 private:
  bool shown_, drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

/// What is right of the outcome and the name.
std::string detail_of(const fetch::Item& item) {
  switch (item.outcome) {
    case fetch::Outcome::Fetched:
      return fmt::format("{} from {}", format_bytes(item.bytes), item.url);
    case fetch::Outcome::Present: return utf8_from_path(item.file);
    case fetch::Outcome::Missing:
      return item.remembered ? "no server had it within the last day; --refresh asks again"
                             : "no server has it";
    case fetch::Outcome::Failed: break;
  }
  return item.reasons.empty() ? "" : item.reasons.back();
}

void print_item(const fetch::Item& item) {
  print(fmt::format("{:<8} {} {}: {}\n", fetch::to_string(item.outcome), one_line(item.wanted.name),
                    one_line(item.wanted.id), one_line(detail_of(item))));
}

nlohmann::ordered_json json_of(const fetch::Item& item) {
  nlohmann::ordered_json json;
  json["kind"] = fetch::to_string(item.wanted.kind);
  json["name"] = item.wanted.name;
  json["id"] = item.wanted.id;
  json["outcome"] = fetch::to_string(item.outcome);
  if (!item.file.empty()) json["file"] = utf8_from_path(item.file);
  if (!item.url.empty()) json["url"] = item.url;
  if (item.outcome == fetch::Outcome::Fetched) json["bytes"] = item.bytes;
  if (item.remembered) json["remembered"] = true;
  if (!item.reasons.empty()) json["reasons"] = item.reasons;
  return json;
}

/// What one run of the command does, over all that it was given.
class FetchRun {
 public:
  FetchRun(const Context& context,
           const SymbolsFetchOptions& options,
           fetch::Options how,
           fetch::HttpClient& client,
           std::stop_token stop)
      : context_(context),
        options_(options),
        how_(std::move(how)),
        client_(client),
        stop_(std::move(stop)) {}

  /// A dump, a report, or a capture's number.
  Status fetch_for(const std::string& subject) {
    if (is_capture_id(subject)) {
      VIGIL_TRY_ASSIGN(const auto report, report_of_capture(context_, subject));
      return fetch_missing(report).status;
    }
    const auto file = path_from_utf8(subject);
    VIGIL_TRY_ASSIGN(const bool is_report, is_json_file(file));
    if (is_report) {
      VIGIL_TRY_ASSIGN(const auto report, report_of_json(file));
      return fetch_missing(report).status;
    }
    for (int round = 0; round < kMaxRounds && !stop_.stop_requested(); ++round) {
      VIGIL_TRY_ASSIGN(const auto report, analyze(file));
      auto result = fetch_missing(report);
      VIGIL_TRY(std::move(result.status));
      if (!result.came) break;
    }
    return {};
  }

  [[nodiscard]] const std::vector<fetch::Item>& items() const noexcept { return items_; }

 private:
  struct Round {
    Status status{};
    bool came = false;  ///< Something that was not there before.
  };

  /// With what there is by now.
  Result<report::Report> analyze(const fs::path& file) const {
    AnalyzeOptions how;
    how.file = file;
    how.symbols = options_.symbols;
    VIGIL_TRY_ASSIGN(auto paths, symbol_paths(how));
    if (!how_.output.empty()) paths.folders.insert(paths.folders.begin(), how_.output);
    symbols::Library library(std::move(paths));
    return report_of_dump(file, library);
  }

  Round fetch_missing(const report::Report& report) {
    auto wanted = wanted_of(report, options_);
    std::erase_if(wanted, [&](const fetch::Wanted& one) { return !asked_.insert(one).second; });
    ProgressLine line;
    const fetch::Listener listener{
        .item =
            [&](const fetch::Item& item) {
              line.clear();
              if (!context_.json) print_item(item);
            },
        .progress = [&](const fetch::Progress& progress) { line.show(progress); }};
    const SystemClock clock;
    auto items = fetch::fetch(wanted, how_, client_, clock, listener, stop_);
    if (!items.ok()) return {std::move(items).take_error()};
    Round round;
    for (auto& item : *items) {
      round.came = round.came || item.outcome == fetch::Outcome::Fetched;
      items_.push_back(std::move(item));
    }
    return round;
  }

  const Context& context_;
  const SymbolsFetchOptions& options_;
  fetch::Options how_;
  fetch::HttpClient& client_;
  std::stop_token stop_;
  std::set<fetch::Wanted> asked_;
  std::vector<fetch::Item> items_;
};

struct Totals {
  std::map<fetch::Outcome, std::size_t> by_outcome;
  std::uint64_t bytes = 0;

  [[nodiscard]] std::size_t of(fetch::Outcome outcome) const {
    const auto found = by_outcome.find(outcome);
    return found == by_outcome.end() ? 0 : found->second;
  }
};

Totals totals_of(const std::vector<fetch::Item>& items) {
  Totals totals;
  for (const auto& item : items) {
    ++totals.by_outcome[item.outcome];
    totals.bytes += item.bytes;
  }
  return totals;
}

void print_result(const Context& context, const std::vector<fetch::Item>& items) {
  const auto totals = totals_of(items);
  if (!context.json) {
    say(items.empty()
            ? std::string("nothing is missing\n")
            : fmt::format("{} fetched ({}), {} present, {} missing, {} failed\n",
                          totals.of(fetch::Outcome::Fetched), format_bytes(totals.bytes),
                          totals.of(fetch::Outcome::Present), totals.of(fetch::Outcome::Missing),
                          totals.of(fetch::Outcome::Failed)));
    return;
  }
  nlohmann::ordered_json json;
  json["files"] = nlohmann::ordered_json::array();
  for (const auto& item : items) json["files"].push_back(json_of(item));
  for (const auto outcome : {fetch::Outcome::Fetched, fetch::Outcome::Present,
                             fetch::Outcome::Missing, fetch::Outcome::Failed}) {
    json[std::string(fetch::to_string(outcome))] = totals.of(outcome);
  }
  json["bytes"] = totals.bytes;
  print_json(json);
}

/// All there: Ok. Some: Partial. None: NotFound when no server has any, else Failed.
ExitCode exit_code_of(const std::vector<fetch::Item>& items) {
  const auto totals = totals_of(items);
  const auto failed = totals.of(fetch::Outcome::Failed);
  const auto missing = totals.of(fetch::Outcome::Missing);
  if (failed + missing == 0) return ExitCode::Ok;
  if (failed + missing < items.size()) return ExitCode::Partial;
  return failed > 0 ? ExitCode::Failed : ExitCode::NotFound;
}

/// The files that were named, and the dumps of the folders that were.
Result<std::vector<std::string>> subjects_of(const std::vector<std::string>& named) {
  std::vector<std::string> subjects;
  for (const auto& name : named) {
    const auto path = path_from_utf8(name);
    std::error_code error;
    if (is_capture_id(name) || !fs::is_directory(path, error)) {
      subjects.push_back(name);
      continue;
    }
    VIGIL_TRY_ASSIGN(const auto dumps, dumps_in(path));
    if (dumps.empty()) return no_dump_in(path);
    for (const auto& dump : dumps) subjects.push_back(utf8_from_path(dump));
  }
  return subjects;
}

Result<fetch::Options> fetch_options(const SymbolsFetchOptions& options) {
  fetch::Options how;
  for (const auto& text : options.symbols) {
    VIGIL_TRY_ASSIGN(auto elements, symbols::parse_symbol_path(text));
    for (auto& element : elements) how.path.push_back(std::move(element));
  }
  how.output = options.output;
  how.refresh = options.refresh;
  how.allow_http = options.allow_http;
  return how;
}

}  // namespace

ExitCode run_symbols_fetch(const Context& context, const SymbolsFetchOptions& given) {
  auto options = given;
  if (options.symbols.empty()) {
    if (auto path = symbol_path_of_environment(); !path.empty())
      options.symbols.push_back(std::move(path));
  }
  auto how = fetch_options(options);
  if (!how.ok()) return usage_error(how.error().message());
  if (const auto status = fetch::check_path(*how); !status.ok())
    return usage_error(status.error().message());
  const auto subjects = subjects_of(options.subjects);
  if (!subjects.ok()) return report_error(subjects.error());
  const auto client = fetch::make_http_client();
  if (!client.ok()) return report_error(client.error());

  const std::stop_source stop;
  const InterruptCatcher interrupts(stop);
  FetchRun run(context, options, std::move(how).take(), **client, stop.get_token());
  auto worst = ExitCode::Ok;
  for (const auto& subject : *subjects) {
    if (stop.stop_requested()) break;
    if (const auto status = run.fetch_for(subject); !status.ok())
      worst = report_error(status.error());
  }
  print_result(context, run.items());
  if (worst == ExitCode::Ok) return exit_code_of(run.items());
  return subjects->size() > 1 ? ExitCode::Partial : worst;
}

}  // namespace vigil::cli
