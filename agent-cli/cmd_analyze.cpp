// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analyze.h"
#include "base/utf.h"
#include "commands.h"
#include "output.h"
#include "pipeline/pipeline.h"
#include "platform/platform.h"
#include "report/report.h"
#include "report_source.h"

namespace vigil::cli {
namespace {

std::vector<pipeline::Sample> samples_of(const AnalyzeOptions& options) {
  std::vector<pipeline::Sample> samples;
  samples.reserve(options.samples.size() + options.sample_handles.size());
  for (const auto& file : options.samples)
    samples.push_back({.name = file, .file = path_from_utf8(file)});
  // The dump is the first.
  for (std::size_t i = 0; i < options.sample_handles.size(); ++i) {
    samples.push_back({.name = std::to_string(i + 2),
                       .handle = static_cast<std::uintptr_t>(options.sample_handles[i])});
  }
  return samples;
}

Result<report::Report> analyze(const AnalyzeOptions& options, symbols::Library& library) {
  if (options.dump_handle) {
    return pipeline::analyze_handle(static_cast<std::uintptr_t>(*options.dump_handle),
                                    options.dump_name, library, {}, samples_of(options));
  }
  return report_of_dump(options.file, library, samples_of(options));
}

}  // namespace

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
  if (!options.dump_handle && std::filesystem::is_directory(options.file, error)) {
    if (!options.samples.empty())
      return usage_error("analyze: --sample goes with one dump, and FILE is a folder");
    return analyze_folder(context, options.file, library);
  }

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
    print(report::to_text(*report, {.color = context.color,
                                    .all_threads = options.all_threads,
                                    .utc = context.utc,
                                    .cut_names = platform::stdout_is_terminal()}));
  }
  return report->status == "ok" ? ExitCode::Ok : ExitCode::Partial;
}

}  // namespace vigil::cli
