// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include <fmt/format.h>

#include "analyze.h"
#include "base/utf.h"
#include "base/words.h"
#include "commands.h"
#include "output.h"
#include "platform/platform.h"
#include "report/report.h"
#include "report_source.h"
#include "text.h"

namespace vigil::cli {
namespace {

using report::KernelPart;

/// What was asked for, in the order of a report; everything where nothing was named.
std::vector<KernelPart> parts_of(const KernelOptions& options) {
  const std::array<std::pair<bool, KernelPart>, 8> asked = {{
      {options.bugcheck, KernelPart::Bugcheck},
      {options.processors, KernelPart::Processors},
      {options.vm, KernelPart::Vm},
      {options.modules, KernelPart::Modules},
      {options.processes, KernelPart::Processes},
      {options.threads, KernelPart::Threads},
      {options.peb, KernelPart::Peb},
      {options.teb, KernelPart::Teb},
  }};
  std::vector<KernelPart> parts;
  for (const auto& [wanted, part] : asked)
    if (wanted) parts.push_back(part);
  if (parts.empty())
    for (const auto& entry : asked) parts.push_back(entry.second);
  return parts;
}

ExitCode refuse(const Context& context, const Error& error) {
  if (context.json) print(error_json(error) + "\n");
  return report_error(error);
}

Result<report::Report> report_of(const Context& context, const KernelOptions& options) {
  if (is_capture_id(options.subject)) return report_of_capture(context, options.subject);
  AnalyzeOptions how;
  how.file = path_from_utf8(options.subject);
  VIGIL_TRY_ASSIGN(const bool is_report, is_json_file(how.file));
  if (is_report) return report_of_json(how.file);
  how.symbols = options.symbols;
  VIGIL_TRY_ASSIGN(const auto paths, symbol_paths(how));
  warn_of_symbol_paths(how);
  symbols::Library library(paths);
  return report_of_dump(how.file, library);
}

/// Where \p subject is of a process.
Error not_of_a_machine(const std::string& subject) {
  const auto is_report =
      is_capture_id(subject) ? Result<bool>(false) : is_json_file(path_from_utf8(subject));
  auto text = fmt::format("{} is of a process, and not of a machine: ", subject);
  if (is_report.ok() && *is_report) {
    text += "it is a report already, and has no such parts";
  } else {
    text += fmt::format("vigil {} {} tells of it", is_capture_id(subject) ? "show" : "analyze",
                        subject);
  }
  return {Errc::Unsupported, std::move(text)};
}

/// Why a part may have less than one expects.
void say_losses(const report::Report& report) {
  if (report.diagnostics.empty()) return;
  auto text = fmt::format("vigil: {}, with {}:\n", report.status,
                          counted(report.diagnostics.size(), "note"));
  for (const auto& note : report.diagnostics) text += "- " + one_line(note) + "\n";
  say(text);
}

}  // namespace

ExitCode run_kernel(const Context& context, const KernelOptions& options) {
  const auto report = report_of(context, options);
  if (!report.ok()) return refuse(context, report.error());
  if (!report->kernel) return refuse(context, not_of_a_machine(options.subject));
  const auto parts = parts_of(options);
  if (context.json) {
    print(report::kernel_parts_to_json(*report, parts, true) + "\n");
  } else {
    for (const auto part : parts) {
      if (part != parts.front()) print("\n");
      print(report::kernel_part_to_text(*report, part,
                                        {.color = context.color,
                                         .utc = context.utc,
                                         .cut_names = platform::stdout_is_terminal()}));
    }
    say_losses(*report);
  }
  return report->status == "ok" ? ExitCode::Ok : ExitCode::Partial;
}

}  // namespace vigil::cli
