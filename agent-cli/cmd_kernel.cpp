// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include <fmt/format.h>

#include "analyze.h"
#include "base/utf.h"
#include "commands.h"
#include "output.h"
#include "platform/platform.h"
#include "report/report.h"
#include "report_source.h"

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

}  // namespace

ExitCode run_kernel(const Context& context, const KernelOptions& options) {
  AnalyzeOptions paths_of;
  paths_of.file = options.file;
  paths_of.symbols = options.symbols;
  const auto paths = symbol_paths(paths_of);
  if (!paths.ok()) return usage_error(paths.error().message());
  warn_of_symbol_paths(paths_of);
  symbols::Library library(*paths);
  const auto report = report_of_dump(options.file, library);
  if (!report.ok()) return refuse(context, report.error());
  if (!report->kernel) {
    return refuse(context, {Errc::Unsupported,
                            fmt::format("{} is a dump of a process, and not of a machine: vigil "
                                        "analyze reads it",
                                        utf8_from_path(options.file))});
  }
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
  }
  return report->status == "ok" ? ExitCode::Ok : ExitCode::Partial;
}

}  // namespace vigil::cli
