// SPDX-License-Identifier: Apache-2.0
#include "command_line.h"

#include <cstdint>
#include <limits>

#include <fmt/format.h>

#include "base/utf.h"
#include "completion.h"
#include "output.h"

namespace vigil::cli {
namespace {

void add_list(CLI::App& app, Line& line) {
  auto* command = add_command(app, "list", "List captures, oldest first (the default)",
                              "  vigil list --since yesterday\n"
                              "  vigil list Orders* -n 20\n"
                              "  vigil list --state failed --json\n");
  command
      ->add_option("PROCESS", line.list.process,
                   "Only processes with this in their name; * and ? match the whole name")
      ->type_name("");
  command->add_option("-n,--count", line.list.count, "Only the newest N")
      ->type_name("N")
      ->check(
          CLI::Range(std::uint32_t{1}, std::numeric_limits<std::uint32_t>::max()).description(""));
  command->add_flag("-1", line.only_newest, "Only the newest one");
  command->add_flag("-r,--reverse", line.list.newest_first, "Newest first");
  command
      ->add_option("-S,--since", line.list.since,
                   "Not before: 2026-11-21, '2026-11-21 03:04', yesterday, '2h ago', -2d")
      ->type_name("TIME");
  command->add_option("-U,--until", line.list.until, "Not after")->type_name("TIME");
  command
      ->add_option("--state", line.list.state,
                   "Only: observed, capturing, captured, analyzing, done, failed, skipped")
      ->type_name("STATE");
  command->add_flag("--no-legend", line.no_legend, "Without the heading");
  command->callback([&line] {
    if (line.only_newest) line.list.count = 1;
    line.list.legend = !line.no_legend;
    line.command = [&line](const Context& context) { return run_list(context, line.list); };
  });
}

void add_show(CLI::App& app, Line& line) {
  auto* command =
      add_command(app, "show", "Tell what is known of one capture: signals, decision, report",
                  "  vigil show last\n"
                  "  vigil show 42 --all-threads\n"
                  "  vigil show 42 --json\n");
  command->add_option("ID", line.show.id, "A number from vigil list, or last")
      ->required()
      ->type_name("");
  command->add_flag("-a,--all-threads", line.show.all_threads,
                    "The stacks of all threads, not only of the one to blame");
  command->callback([&line] {
    line.command = [&line](const Context& context) { return run_show(context, line.show); };
  });
}

void add_status(CLI::App& app, Line& line) {
  auto* command = add_command(app, "status",
                              "Tell how Vigil itself is: service, store, queue, disk, rules", "");
  command->callback([&line] {
    line.command = [&line](const Context& context) { return run_status(context, line.status); };
  });
}

/// For the service only.
void add_deliver(CLI::App& app, Line& line) {
  auto* command = add_command(app, "deliver", "Send the message of standard input", "");
  command->group("");
  command->callback([&line] { line.command = run_deliver; });
}

void add_completion(CLI::App& app, Line& line) {
  auto* command = add_command(app, "completion", "Print a completion script for a shell",
                              "  source <(vigil completion bash)\n"
                              "  vigil completion powershell | Out-String | Invoke-Expression\n");
  command->add_option("SHELL", line.shell, "bash or powershell")->required()->type_name("");
  command->callback([&line] {
    line.command = [&line](const Context&) {
      const auto script = completion_script(line.shell);
      if (script.empty())
        return usage_error(
            fmt::format("completion: no script for '{}': bash or powershell", line.shell));
      print(script);
      return ExitCode::Ok;
    };
  });
}

void add_analyze(CLI::App& app, Line& line) {
  auto* command = add_command(app, "analyze", "Analyze a dump file and print the report",
                              "  vigil analyze Orders.exe.1234.dmp\n"
                              "  vigil analyze crash.dmp.zst --json --symbols "
                              "'srv*C:\\symbols*https://symbols.example.com'\n"
                              "  vigil analyze dumps --symbols build/symbols\n");
  command
      ->add_option(
          "FILE", line.analyze_file,
          "A minidump, plain or compressed (.dmp, .dmp.zst), a kernel dump, or a folder of "
          "dumps")
      ->type_name("");
  command
      ->add_option("-y,--symbols", line.analyze.symbols,
                   "Where PDBs, .sym files and images are: a folder, a symbol store, or a symbol "
                   "path as debuggers take it; may be given several times")
      ->type_name("PATH")
      ->allow_extra_args(false);
  command
      ->add_option("--symbol-cache", line.symbol_cache,
                   "Where indexes of symbol files are kept; 'none': nowhere")
      ->type_name("DIR");
  command->add_flag("-a,--all-threads", line.analyze.all_threads, "The stacks of all threads");
  command
      ->add_option("--sample", line.analyze.samples,
                   "A later dump of the same process: shows which threads moved; may be given "
                   "several times")
      ->type_name("FILE")
      ->allow_extra_args(false);
  auto* handle = command->add_option("--dump-handle", line.analyze.dump_handle)->group("");
  command->add_option("--dump-name", line.analyze.dump_name)->group("")->needs(handle);
  command->add_option("--sample-handle", line.analyze.sample_handles)
      ->group("")
      ->needs(handle)
      ->allow_extra_args(false);
  command->callback([&line] {
    if (line.analyze_file.empty() == !line.analyze.dump_handle) throw CLI::RequiredError("FILE");
    line.analyze.file = path_from_utf8(line.analyze_file);
    line.analyze.symbol_cache = path_from_utf8(line.symbol_cache);
    line.command = [&line](const Context& context) { return run_analyze(context, line.analyze); };
  });
}

void add_signature(CLI::App& app, Line& line) {
  auto* command =
      add_command(app, "signature", "Print what a crash is grouped by, and how that came about",
                  "  vigil signature Orders.exe.1234.dmp\n"
                  "  vigil signature 42 --explain\n"
                  "  vigil signature report.json --explain\n");
  command
      ->add_option("FILE|ID", line.signature.subject,
                   "A dump, a report as JSON, a number from vigil list, or last")
      ->required()
      ->type_name("");
  command
      ->add_option("-y,--symbols", line.signature.symbols,
                   "Of a dump: as for analyze; may be given several times")
      ->type_name("PATH")
      ->allow_extra_args(false);
  command->add_flag("-e,--explain", line.signature.explain, "What was made of each frame, and why");
  command->callback([&line] {
    line.command = [&line](const Context& context) {
      return run_signature(context, line.signature);
    };
  });
}

void add_kernel(CLI::App& app, Line& line) {
  auto* command = add_command(app, "kernel", "Print parts of a dump of a whole machine",
                              "  vigil kernel C:\\Windows\\MEMORY.DMP --vm\n"
                              "  vigil kernel last --processes --json\n");
  auto& options = line.kernel;
  command
      ->add_option("FILE|ID", options.subject,
                   "A kernel dump (MEMORY.DMP, or one of Minidump), a capture's number, or last")
      ->required()
      ->type_name("");
  command->add_flag("--bugcheck", options.bugcheck,
                    "What stopped the machine, and who is to blame");
  command->add_flag("--processors", options.processors,
                    "The processors, and what each was running");
  command->add_flag("--vm", options.vm, "Memory: each figure with its source");
  command->add_flag("--modules", options.modules, "The drivers, loaded and unloaded");
  command->add_flag("--processes", options.processes, "The processes");
  command->add_flag("--threads", options.threads, "The threads, and what they wait for");
  command->add_flag("--peb", options.peb, "The environment block of the current process");
  command->add_flag("--teb", options.teb, "The environment block of the current thread");
  command->add_option("-y,--symbols", options.symbols, "As for analyze")
      ->type_name("PATH")
      ->allow_extra_args(false);
  command->callback([&line] {
    line.command = [&line](const Context& context) { return run_kernel(context, line.kernel); };
  });
}

void add_symbols_check(CLI::App& group, Line& line) {
  auto* command = add_command(group, "check", "Tell which symbols there are for a dump's modules",
                              "  vigil symbols check Orders.exe.1234.dmp -y D:\\symbols\n");
  command->add_option("FILE", line.symbols_file, "A dump, or a report as JSON")
      ->required()
      ->type_name("");
  command->add_option("-y,--symbols", line.symbols_check.symbols, "As for analyze")
      ->type_name("PATH")
      ->allow_extra_args(false);
  command->callback([&line] {
    line.symbols_check.file = path_from_utf8(line.symbols_file);
    line.command = [&line](const Context& context) {
      return run_symbols_check(context, line.symbols_check);
    };
  });
}

void add_symbols_fetch(CLI::App& group, Line& line) {
  auto* command = add_command(group, "fetch", "Bring what dumps lack from symbol servers",
                              "  vigil symbols fetch Orders.exe.1234.dmp -y "
                              "'srv*C:\\symbols*https://symbols.example.com'\n"
                              "  vigil symbols fetch dumps --images --all\n"
                              "  vigil symbols fetch 42\n");
  auto& options = line.symbols_fetch;
  command
      ->add_option("FILE|FOLDER|ID", options.subjects,
                   "Dumps, folders of them, reports as JSON, numbers from vigil list, or last")
      ->required()
      ->type_name("");
  command
      ->add_option("-y,--symbols", options.symbols,
                   "The symbol path with the servers; may be given several times; otherwise that "
                   "of _NT_SYMBOL_PATH")
      ->type_name("PATH")
      ->allow_extra_args(false);
  command
      ->add_option("-o,--output", line.symbols_output,
                   "Fill this store; otherwise the first folder before each server")
      ->type_name("DIR");
  command->add_flag("-a,--all", options.all, "For all modules, not only those on stacks");
  command->add_flag("--images", options.images, "The modules' images too");
  command->add_flag("--refresh", options.refresh, "Ask again for what no server had before");
  command->add_flag("--allow-http", options.allow_http, "Take servers without TLS");
  command->callback([&line] {
    line.symbols_fetch.output = path_from_utf8(line.symbols_output);
    line.command = [&line](const Context& context) {
      return run_symbols_fetch(context, line.symbols_fetch);
    };
  });
}

void add_symbols(CLI::App& app, Line& line) {
  auto* group = add_command(app, "symbols", "Check symbols, and fetch them from servers", "");
  group->require_subcommand(1);
  add_symbols_fetch(*group, line);
  add_symbols_check(*group, line);
}

void add_dump(CLI::App& app, Line& line) {
  auto* command = add_command(app, "dump", "Dump a running process, into the store or a file",
                              "  vigil dump 1234\n"
                              "  vigil dump OrdersApi.exe --kind full -o C:\\temp\\orders.dmp\n");
  command->add_option("PID|NAME", line.dump.target, "A process id or the name of one process")
      ->required()
      ->type_name("");
  command
      ->add_option("-k,--kind", line.dump.kind,
                   "triage, mini (the default), miniplus, full, or custom with --custom")
      ->check(CLI::IsMember({"triage", "mini", "miniplus", "full", "custom"}).description(""))
      ->type_name("KIND");
  command
      ->add_option("--custom", line.dump.custom,
                   "What it holds: MINIDUMP_TYPE, 0x1826 or WithHandleData; again for more")
      ->type_name("MASK");
  command->add_option("--writer", line.dump.writer, "native (the default) or dbghelp")
      ->check(CLI::IsMember({"native", "dbghelp"}).description(""))
      ->type_name("WRITER");
  command
      ->add_option("--suspend", line.dump.suspend,
                   "The longest that the process may stand still: 2s")
      ->type_name("TIME");
  command->add_option("-o,--output", line.dump_output, "Write this file and leave the store alone")
      ->type_name("FILE");
  command->add_flag("--plain", line.plain, "Do not compress");
  command->callback([&line] {
    line.dump.output = path_from_utf8(line.dump_output);
    line.dump.compress = !line.plain;
    line.command = [&line](const Context& context) { return run_dump(context, line.dump); };
  });
}

void add_service(CLI::App& app, Line& line) {
  using Run = ExitCode (*)(const Context&, const ServiceOptions&);
  auto* group = add_command(app, "service", "Install, start and stop the Vigil service", "");
  group->require_subcommand(1);
  const auto add = [&line, group](const char* name, const char* summary, Run run) {
    auto* command = add_command(*group, name, summary, "");
    command->callback([&line, run] {
      line.command = [&line, run](const Context& context) { return run(context, line.service); };
    });
    return command;
  };
  add("install", "Register the service and start it", run_service_install)
      ->add_flag("--no-start", line.service.no_start, "Register it only");
  add("uninstall", "Stop the service and remove it; the data stay", run_service_uninstall);
  add("start", "Start the service", run_service_start);
  add("stop", "Stop the service", run_service_stop);
}

}  // namespace

CLI::App* add_command(CLI::App& parent,
                      const std::string& name,
                      const std::string& summary,
                      const char* examples) {
  auto* command = parent.add_subcommand(name, summary);
  command->fallthrough();  // Global options are taken behind the command too.
  const std::string global = "--json, --utc and --color go with every command: see vigil --help.\n";
  command->footer(*examples == '\0' ? global : fmt::format("Examples:\n{}\n{}", examples, global));
  return command;
}

void describe(CLI::App& app, Line& line) {
  app.allow_windows_style_options(false);  // A path may begin with a slash there, too.
  app.require_subcommand(0, 1);
  app.set_help_flag("-h,--help", "Print this help");
  app.get_formatter()->column_width(28);
  app.add_option("--store", line.store, "Another store than vigil.db of the data folder")
      ->type_name("FILE");
  app.add_option("--data", line.data, "Another data folder than the system's")->type_name("DIR");
  app.add_flag("--json", line.json, "Print JSON");
  app.add_flag("--utc", line.utc, "Print times, and read them, in UTC");
  app.add_option("--color", line.color, "auto (the default), always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}).description(""))
      ->type_name("WHEN");
  app.add_flag("--version", line.version, "Print the version");
  app.footer("vigil COMMAND --help tells more. Without a command: list.");
  add_list(app, line);
  add_show(app, line);
  add_analyze(app, line);
  add_signature(app, line);
  add_kernel(app, line);
  add_symbols(app, line);
  add_dump(app, line);
  add_status(app, line);
  add_rules(app, line);
  add_service(app, line);
  add_completion(app, line);
  add_deliver(app, line);
}

}  // namespace vigil::cli
