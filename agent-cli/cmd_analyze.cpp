// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <nlohmann/json.hpp>

#include "commands.h"
#include "pipeline/pipeline.h"
#include "report/report.h"

namespace vigil::cli {
namespace {

Result<report::Report> analyze(const AnalyzeOptions& options) {
  pipeline::Options how;
  if (options.dump_handle) {
    return pipeline::analyze_handle(static_cast<std::uintptr_t>(*options.dump_handle),
                                    options.dump_name, how);
  }
  // Programs and their dumps are often kept together.
  how.image_folders.push_back(options.file.has_parent_path() ? options.file.parent_path() : ".");
  return pipeline::analyze(options.file, how);
}

/// What takes the place of a report for programs: docs/formats/report-json.md.
std::string error_json(const Error& error) {
  nlohmann::ordered_json json;
  json["error"]["code"] = to_string(error.code());
  json["error"]["message"] = error.message();
  return json.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

ExitCode run_analyze(const Context& context, const AnalyzeOptions& options) {
  const bool for_service = options.dump_handle.has_value();
  const bool json = context.json || for_service;
  const auto report = analyze(options);
  if (!report.ok()) {
    if (json) print(error_json(report.error()));
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
