// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analyze.h"
#include "base/utf.h"
#include "commands.h"
#include "console.h"
#include "output.h"
#include "pipeline/pipeline.h"
#include "platform/platform.h"
#include "report/report.h"
#include "text.h"

namespace vigil::cli {
namespace {

Result<report::Report> analyze(const AnalyzeOptions& options, symbols::Library& library) {
  if (options.dump_handle) {
    return pipeline::analyze_handle(static_cast<std::uintptr_t>(*options.dump_handle),
                                    options.dump_name, library);
  }
  return pipeline::analyze(options.file, library);
}

}  // namespace

Result<symbols::SymbolPaths> symbol_paths(const AnalyzeOptions& options) {
  symbols::SymbolPaths paths;
  auto texts = options.symbols;
  if (texts.empty() && !options.dump_handle) texts.push_back(environment("_NT_SYMBOL_PATH"));
  for (const auto& text : texts) {
    VIGIL_TRY_ASSIGN(const auto elements, symbols::parse_symbol_path(text));
    for (const auto& element : elements)
      paths.folders.insert(paths.folders.end(), element.folders.begin(), element.folders.end());
  }
  if (options.dump_handle) return paths;  // the sandbox may write nowhere
  // Programs, their symbols and their dumps are often kept together.
  std::error_code error;
  const bool is_folder = std::filesystem::is_directory(options.file, error);
  const auto beside = is_folder ? options.file : options.file.parent_path();
  paths.folders.push_back(beside.empty() ? "." : beside);
  if (options.symbol_cache == "none") return paths;
  paths.index_cache = options.symbol_cache;
  if (paths.index_cache.empty()) {
    if (const auto cache = platform::default_cache_folder(); cache.ok())
      paths.index_cache = *cache / "symbols";
  }
  return paths;
}

void warn_of_symbol_paths(const AnalyzeOptions& options) {
  for (const auto& text : options.symbols) {
    const auto elements = symbols::parse_symbol_path(text);
    if (!elements.ok()) continue;  // an error of its own
    if (elements->empty()) say("vigil: --symbols: the path is empty\n");
    for (const auto& element : *elements) {
      if (element.folders.empty() && !element.server.empty())
        say(
            fmt::format("vigil: --symbols: nothing is fetched from {}: give a folder before it "
                        "(srv*FOLDER*URL), and fill that with 'vigil symbols fetch'\n",
                        one_line(element.server)));
      for (const auto& folder : element.folders) {
        std::error_code error;
        if (!std::filesystem::is_directory(folder, error))
          say(fmt::format("vigil: --symbols: no folder {}\n", one_line(utf8_from_path(folder))));
      }
    }
  }
}

std::string error_json(const Error& error) {
  nlohmann::ordered_json json;
  json["error"]["code"] = to_string(error.code());
  json["error"]["message"] = error.message();
  return json.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

ExitCode run_analyze(const Context& context, const AnalyzeOptions& options) {
  const auto paths = symbol_paths(options);
  if (!paths.ok()) return usage_error(paths.error().message());
  if (!options.dump_handle) warn_of_symbol_paths(options);
  symbols::Library library(*paths);
  std::error_code error;
  if (!options.dump_handle && std::filesystem::is_directory(options.file, error))
    return analyze_folder(context, options.file, library);

  const bool for_service = options.dump_handle.has_value();
  const bool json = context.json || for_service;
  const auto report = analyze(options, library);
  if (!report.ok()) {
    if (json) print(error_json(report.error()) + "\n");
    return report_error(report.error());
  }
  if (json) {
    print(report::to_json(*report, !for_service) + "\n");
  } else {
    print(report::to_text(
        *report, {.color = context.color, .all_threads = options.all_threads, .utc = context.utc}));
  }
  return report->status == "ok" ? ExitCode::Ok : ExitCode::Partial;
}

}  // namespace vigil::cli
