// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <windows.h>

#include "base/utf.h"
#include "capture/capture.h"
#include "commands.h"
#include "platform/platform.h"
#include "platform/win/child_process.h"
#include "platform/win/processes.h"
#include "settings/settings.h"

namespace vigil::cli {
namespace {

std::optional<ProcessId> pid_from(std::string_view text) {
  std::uint32_t value = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return ProcessId{value};
}

/// The processes called \p name, with or without `.exe`; ASCII case ignored.
Result<std::vector<ProcessId>> find_processes(std::string_view name) {
  platform::ProcessTable table;
  VIGIL_TRY_ASSIGN(const auto rows, table.read());
  const auto wanted = ascii_lower(name);
  std::vector<ProcessId> found;
  for (const auto& row : rows) {
    const auto there = ascii_lower(row.name);
    if (there == wanted || there == wanted + ".exe") found.push_back(row.key.pid);
  }
  return found;
}

std::string list_of(const std::vector<ProcessId>& pids) {
  std::string text;
  for (const auto pid : pids) text += fmt::format("{}{}", text.empty() ? "" : ", ", pid.value);
  return text;
}

ExitCode refuse(ExitCode code, std::string_view line) {
  say(fmt::format("vigil: {}\n", printable_utf8(line)));
  return code;
}

/// A handle of this program's own stream that a child may have; nothing where there is none.
platform::KernelHandle inheritable(DWORD stream) {
  HANDLE copy = nullptr;
  const HANDLE own = ::GetStdHandle(stream);
  if (own == nullptr || own == INVALID_HANDLE_VALUE) return {};
  const HANDLE self = ::GetCurrentProcess();
  if (::DuplicateHandle(self, own, self, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS) == FALSE) return {};
  return platform::KernelHandle(copy);
}

/// Runs vigil-dumper, which stands beside this program, with this program's streams.
Result<ExitCode> run_dumper_program(const capture::DumperOptions& options) {
  VIGIL_TRY_ASSIGN(const auto self, platform::current_program());
  const auto out = inheritable(STD_OUTPUT_HANDLE);
  const auto err = inheritable(STD_ERROR_HANDLE);
  VIGIL_TRY_ASSIGN(const auto child, platform::start_child({
                                         .program = self.parent_path() / L"vigil-dumper.exe",
                                         .arguments = capture::to_command_line(options),
                                         .std_out = out.get(),
                                         .std_err = err.get(),
                                         .shares_console = true,
                                     }));
  ::WaitForSingleObject(child.process.get(), INFINITE);
  VIGIL_TRY_ASSIGN(const auto code, platform::exit_code(child.process.get()));
  return code <= static_cast<std::uint32_t>(ExitCode::RefusedByLimit) ? static_cast<ExitCode>(code)
                                                                      : ExitCode::Failed;
}

}  // namespace

ExitCode run_dump(const Context& context, const DumpOptions& options) {
  auto pid = pid_from(options.target);
  if (!pid) {
    const auto found = find_processes(options.target);
    if (!found.ok()) return report_error(found.error());
    if (found->empty()) {
      return refuse(ExitCode::NotFound, fmt::format("no process is called {}", options.target));
    }
    if (found->size() > 1) {
      return refuse(ExitCode::Usage,
                    fmt::format("{} processes are called {}; name one by its pid: {}",
                                found->size(), options.target, list_of(*found)));
    }
    pid = found->front();
  }
  const settings::DataPaths paths{context.data_folder};
  capture::DumperOptions dumper{
      .pid = *pid,
      .dump = rules::dump_kind_from(options.kind).value_or(rules::DumpKind::Mini),
      .output = options.output,
      .compress = options.compress,
  };
  if (options.output.empty()) dumper.inbox = paths.inbox();
  const auto done = run_dumper_program(dumper);
  if (!done.ok()) return report_error(done.error());
  if (*done == ExitCode::Ok && options.output.empty()) {
    say("vigil: handed over to the service; vigil list shows it\n");
  }
  return *done;
}

}  // namespace vigil::cli
