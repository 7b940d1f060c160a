// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <windows.h>

#include "base/utf.h"
#include "capture/capture.h"
#include "commands.h"
#include "output.h"
#include "platform/platform.h"
#include "platform/win/child_process.h"
#include "platform/win/process_table.h"
#include "platform/win/processes.h"
#include "service_status.h"
#include "settings/settings.h"

namespace vigil::cli {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// The processes called \p name, with or without `.exe`; ASCII case ignored.
Result<std::vector<ProcessId>> find_processes(std::string_view name) {
  platform::ProcessTable table;
  VIGIL_TRY_ASSIGN(const auto rows, table.read());
  const auto wanted = ascii_lower(name);
  std::vector<ProcessId> found;
  for (const auto& row : rows) {
    const auto there = ascii_lower(row.name());
    if (there == wanted || there == wanted + ".exe") found.push_back(row.key.pid);
  }
  return found;
}

std::string list_of(const std::vector<ProcessId>& pids) {
  std::string text;
  for (const auto pid : pids) text += fmt::format("{}{}", text.empty() ? "" : ", ", pid.value);
  return text;
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

/// Runs vigil-dumper, which stands beside this program. It talks where this program talks.
Result<ExitCode> run_dumper_program(const capture::DumperOptions& options) {
  VIGIL_TRY_ASSIGN(const auto self, platform::current_program());
  const auto err = inheritable(STD_ERROR_HANDLE);
  VIGIL_TRY_ASSIGN(const auto child, platform::start_child({
                                         .program = self.parent_path() / L"vigil-dumper.exe",
                                         .arguments = capture::to_command_line(options),
                                         .std_err = err.get(),
                                         .shares_console = true,
                                     }));
  ::WaitForSingleObject(child.process.get(), INFINITE);
  VIGIL_TRY_ASSIGN(const auto code, platform::exit_code(child.process.get()));
  return code <= static_cast<std::uint32_t>(ExitCode::RefusedByLimit) ? static_cast<ExitCode>(code)
                                                                      : ExitCode::Failed;
}

Result<ProcessId> target_from(const std::string& text) {
  if (is_number(text)) {
    std::uint32_t value = 0;
    const auto* end = text.data() + text.size();
    if (std::from_chars(text.data(), end, value).ec == std::errc() && value != 0)
      return ProcessId{value};
    return Error{Errc::Malformed, fmt::format("dump: {} is no process id", text)};
  }
  VIGIL_TRY_ASSIGN(const auto found, find_processes(text));
  if (found.empty()) return Error{Errc::NotFound, fmt::format("no process is called {}", text)};
  if (found.size() == 1) return found.front();
  return Error{Errc::Malformed, fmt::format("{} processes are called {}; name one by its pid: {}",
                                            found.size(), text, list_of(found))};
}

/// Where the dumper leaves what it writes. Its own folder is another than this program's, so what
/// was typed is made whole.
Status place(const Context& context, const DumpOptions& options, capture::DumperOptions& dumper) {
  std::error_code failed;
  if (!options.output.empty()) {
    dumper.output = std::filesystem::absolute(options.output, failed);
    return failed ? Status{Error{Errc::Io, fmt::format("{}: {}", utf8_from_path(options.output),
                                                       failed.message())}}
                  : Status{};
  }
  dumper.inbox = settings::DataPaths{context.data_folder}.inbox();
  if (std::filesystem::is_directory(dumper.inbox, failed)) return {};
  return Error{Errc::NotFound,
               fmt::format("there is no {}: install the service (vigil service install), or name a "
                           "file with --output",
                           utf8_from_path(dumper.inbox))};
}

/// What was asked for, checked before any process is looked for.
Result<capture::DumperOptions> options_of(const DumpOptions& options) {
  capture::DumperOptions dumper{
      .dump = rules::dump_kind_from(options.kind).value_or(rules::DumpKind::Mini),
      .compress = options.compress,
  };
  auto& manner = dumper.manner;
  if (!options.custom.empty() && dumper.dump != rules::DumpKind::Custom)
    return Error{Errc::Malformed, "--custom goes with --kind custom"};
  for (const auto& text : options.custom) {
    VIGIL_TRY_ASSIGN(const auto mask, rules::parse_minidump_type(text));
    manner.custom |= mask;
  }
  manner.writer = rules::writer_from(options.writer).value_or(rules::Writer::Native);
  if (!options.suspend.empty()) {
    VIGIL_TRY_ASSIGN(manner.suspend, yaml::parse_duration(options.suspend));
    if (*manner.suspend < rules::kMinSuspend || *manner.suspend > rules::kMaxSuspend) {
      return Error{
          Errc::Malformed,
          fmt::format("--suspend takes {} to {}, not {}", yaml::format_exact(rules::kMinSuspend),
                      yaml::format_exact(rules::kMaxSuspend), options.suspend)};
    }
  }
  VIGIL_TRY(rules::check_manner(dumper.dump, manner));
  return dumper;
}

/// Says where the dump is now.
void tell(const Context& context, const capture::DumperOptions& done) {
  const auto service = query_service();
  const bool taken_in = service && service->ok() && (*service)->running;
  const auto file = utf8_from_path(done.output);
  if (context.json) {
    nlohmann::ordered_json result = {{"pid", done.pid.value}};
    if (file.empty()) {
      result["handed_over"] = true;
      result["service_running"] = taken_in;
    } else {
      result["file"] = printable_utf8(file);
    }
    print_json(result);
  } else if (!file.empty()) {
    print(file + "\n");
  } else {
    say(taken_in ? "vigil: handed over to the service; vigil list shows it\n"
                 : "vigil: the service does not run; it takes the dump in when it is started\n");
  }
}

}  // namespace

ExitCode run_dump(const Context& context, const DumpOptions& options) {
  auto asked = options_of(options);
  if (!asked.ok()) return usage_error(asked.error().message());
  auto dumper = std::move(asked).take();
  const auto pid = target_from(options.target);
  if (!pid.ok() && pid.error().code() == Errc::Malformed) return usage_error(pid.error().message());
  if (!pid.ok()) return report_error(pid.error());
  dumper.pid = *pid;
  if (const auto placed = place(context, options, dumper); !placed.ok())
    return report_error(placed.error());
  const auto done = run_dumper_program(dumper);
  if (!done.ok()) return report_error(done.error());
  if (*done == ExitCode::Ok) tell(context, dumper);
  return *done;
}

}  // namespace vigil::cli
