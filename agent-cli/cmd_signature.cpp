// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/analysis.h"
#include "analyze.h"
#include "base/utf.h"
#include "commands.h"
#include "output.h"
#include "report/report.h"
#include "report_source.h"
#include "text.h"

namespace vigil::cli {
namespace {

Result<report::Report> report_of_file(const std::filesystem::path& file,
                                      const std::vector<std::string>& symbol_path) {
  VIGIL_TRY_ASSIGN(const bool is_report, is_json_file(file));
  if (is_report) return report_of_json(file);
  AnalyzeOptions how;
  how.file = file;
  how.symbols = symbol_path;
  VIGIL_TRY_ASSIGN(const auto paths, symbol_paths(how));
  warn_of_symbol_paths(how);
  symbols::Library library(paths);
  return report_of_dump(file, library);
}

/// The frames of one key as a table: number, place, decision, why.
std::string table_of(const analysis::ExplainedKey& key) {
  constexpr std::size_t kMaxPlace = 60;
  // Behind the first stop there are only more.
  const auto stop =
      std::find_if(key.frames.begin(), key.frames.end(),
                   [](const analysis::ExplainedFrame& frame) { return frame.decision == "stop"; });
  const auto shown = static_cast<std::size_t>(stop - key.frames.begin()) +
                     static_cast<std::size_t>(stop != key.frames.end());
  std::size_t width = 0;
  for (std::size_t i = 0; i < shown; ++i)
    width = std::max(width, display_width(one_line(key.frames[i].place)));
  width = std::min(width, kMaxPlace);
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& frame = key.frames[i];
    const auto place = cut_to_width(one_line(frame.place), width);
    const auto gap = width - std::min(width, display_width(place));
    text += fmt::format("  {:>3}  {}{:{}}  {:<10}  {}", i, place, "", gap, frame.decision,
                        one_line(frame.why));
    while (text.ends_with(' ')) text.pop_back();
    text += '\n';
  }
  return text;
}

std::string page_of(const Context& context,
                    const std::vector<analysis::ExplainedKey>& keys,
                    bool explain) {
  std::string text = fmt::format("version     {}\n", analysis::kSignatureVersion);
  for (const auto& key : keys) {
    if (explain) text += '\n';
    text += bold(context, fmt::format("{:<11} {}", key.name, one_line(key.text))) + "\n";
    if (!explain) continue;
    text += fmt::format("  from {}\n", key.how);
    text += table_of(key);
  }
  return text;
}

nlohmann::ordered_json json_of(const std::vector<analysis::ExplainedKey>& keys, bool explain) {
  nlohmann::ordered_json json;
  json["version"] = analysis::kSignatureVersion;
  auto& list = json["keys"] = nlohmann::ordered_json::array();
  for (const auto& key : keys) {
    auto& object = list.emplace_back();
    object["name"] = key.name;
    object["text"] = key.text;
    if (!explain) continue;
    object["how"] = key.how;
    auto& frames = object["frames"] = nlohmann::ordered_json::array();
    for (const auto& frame : key.frames) {
      frames.push_back({{"place", frame.place},
                        {"decision", frame.decision},
                        {"why", frame.why},
                        {"part", frame.part}});
    }
  }
  return json;
}

}  // namespace

ExitCode run_signature(const Context& context, const SignatureOptions& options) {
  const auto report = is_capture_id(options.subject)
                          ? report_of_capture(context, options.subject)
                          : report_of_file(path_from_utf8(options.subject), options.symbols);
  if (!report.ok()) return report_error(report.error());
  const auto keys = analysis::explain_signature(*report);
  if (context.json) {
    print_json(json_of(keys, options.explain));
  } else {
    print(page_of(context, keys, options.explain));
  }
  return ExitCode::Ok;
}

}  // namespace vigil::cli
