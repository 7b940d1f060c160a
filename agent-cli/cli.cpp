// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/utf.h"
#include "base/version.h"
#include "commands.h"
#include "completion.h"
#include "console.h"
#include "output.h"
#include "platform/platform.h"
#include "suggest.h"

/// The command line: the only file that knows CLI11. A command is registered where it is compiled
/// in.
namespace vigil::cli {
namespace {

/// What was typed, before it means anything. CLI11 writes into this while it parses.
struct Line {
  std::string store, data;
  std::string color = "auto";
  bool json = false, utc = false, version = false;
  ListOptions list;
  bool only_newest = false;
  ShowOptions show;
  StatusOptions status;
  std::string shell;
#ifdef VIGIL_CLI_ANALYZE
  AnalyzeOptions analyze;
  std::string analyze_file;
#endif
#ifdef VIGIL_CLI_DUMP
  DumpOptions dump;
  std::string dump_output;
  bool plain = false;
#endif
#ifdef VIGIL_CLI_RULES
  RulesCheckOptions rules_check;
  std::string rules_path;
#endif
#ifdef VIGIL_CLI_SERVICE
  ServiceOptions service;
#endif
  std::function<ExitCode(const Context&)> command;
};

CLI::App* add_command(CLI::App& parent,
                      const std::string& name,
                      const std::string& summary,
                      const char* examples) {
  auto* command = parent.add_subcommand(name, summary);
  command->fallthrough();  // Global options are taken behind the command too.
  if (*examples != '\0') command->footer(std::string("Examples:\n") + examples);
  return command;
}

void add_list(CLI::App& app, Line& line) {
  auto* command = add_command(app, "list", "List captures, oldest first (the default)",
                              "  vigil list --since yesterday\n"
                              "  vigil list Orders* -n 20\n"
                              "  vigil list --state failed --json\n");
  command->add_option("PROCESS", line.list.process,
                      "Only processes with this in their name; * and ? match the whole name");
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
  command->add_flag("--no-legend{false}", line.list.legend, "Without the heading");
  command->callback([&line] {
    if (line.only_newest) line.list.count = 1;
    line.command = [&line](const Context& context) { return run_list(context, line.list); };
  });
}

void add_show(CLI::App& app, Line& line) {
  auto* command =
      add_command(app, "show", "Tell what is known of one capture: signals, decision, report",
                  "  vigil show last\n"
                  "  vigil show 42 --all-threads\n"
                  "  vigil show 42 --json\n");
  command->add_option("ID", line.show.id, "A number from vigil list, or last")->required();
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

void add_completion(CLI::App& app, Line& line) {
  auto* command = add_command(app, "completion", "Print a completion script for a shell",
                              "  source <(vigil completion bash)\n"
                              "  vigil completion powershell | Out-String | Invoke-Expression\n");
  command->add_option("SHELL", line.shell, "bash or powershell")->required();
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

#ifdef VIGIL_CLI_ANALYZE
void add_analyze(CLI::App& app, Line& line) {
  auto* command = add_command(app, "analyze", "Analyze a dump file and print the report",
                              "  vigil analyze Orders.exe.1234.dmp\n"
                              "  vigil analyze crash.dmp.zst --json\n");
  auto* file = command->add_option("FILE", line.analyze_file,
                                   "A minidump, plain or compressed (.dmp, .dmp.zst)");
  command->add_flag("-a,--all-threads", line.analyze.all_threads, "The stacks of all threads");
  auto* handle = command->add_option("--dump-handle", line.analyze.dump_handle)->group("");
  command->add_option("--dump-name", line.analyze.dump_name)->group("")->needs(handle);
  handle->excludes(file);
  command->callback([&line] {
    if (line.analyze_file.empty() && !line.analyze.dump_handle) throw CLI::RequiredError("FILE");
    line.analyze.file = path_from_utf8(line.analyze_file);
    line.command = [&line](const Context& context) { return run_analyze(context, line.analyze); };
  });
}
#endif

#ifdef VIGIL_CLI_DUMP
void add_dump(CLI::App& app, Line& line) {
  auto* command = add_command(app, "dump", "Dump a running process, into the store or a file",
                              "  vigil dump 1234\n"
                              "  vigil dump OrdersApi.exe --kind full -o C:\\temp\\orders.dmp\n");
  command->add_option("PID|NAME", line.dump.target, "A process id or the name of one process")
      ->required();
  command->add_option("-k,--kind", line.dump.kind, "mini (the default) or full")
      ->check(CLI::IsMember({"mini", "full"}).description(""))
      ->type_name("KIND");
  command->add_option("-o,--output", line.dump_output, "Write this file and leave the store alone")
      ->type_name("FILE");
  command->add_flag("--plain", line.plain, "Do not compress");
  command->callback([&line] {
    line.dump.output = path_from_utf8(line.dump_output);
    line.dump.compress = !line.plain;
    line.command = [&line](const Context& context) { return run_dump(context, line.dump); };
  });
}
#endif

#ifdef VIGIL_CLI_RULES
void add_rules(CLI::App& app, Line& line) {
  auto* group = add_command(app, "rules", "Check rule files", "");
  group->require_subcommand(1);
  auto* check = add_command(*group, "check", "Read rule files and say what is wrong with them",
                            "  vigil rules check\n"
                            "  vigil rules check orders.yaml\n");
  check->add_option("PATH", line.rules_path,
                    "A file or folder; otherwise rules.d of the data folder");
  check->callback([&line] {
    line.rules_check.path = path_from_utf8(line.rules_path);
    line.command = [&line](const Context& context) {
      return run_rules_check(context, line.rules_check);
    };
  });
}
#endif

#ifdef VIGIL_CLI_SERVICE
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
#endif

void add_everything(CLI::App& app, Line& line) {
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
#ifdef VIGIL_CLI_ANALYZE
  add_analyze(app, line);
#endif
#ifdef VIGIL_CLI_DUMP
  add_dump(app, line);
#endif
  add_status(app, line);
#ifdef VIGIL_CLI_RULES
  add_rules(app, line);
#endif
#ifdef VIGIL_CLI_SERVICE
  add_service(app, line);
#endif
  add_completion(app, line);
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // Hidden.
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    for (const auto& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

std::vector<CompletionCommand> completion_commands(const CLI::App& app) {
  std::vector<CompletionCommand> commands;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    CompletionCommand entry{command->get_name(), option_names(*command), command_names(*command)};
    for (auto& name : option_names(app)) entry.options.push_back(std::move(name));
    commands.push_back(std::move(entry));
  }
  return commands;
}

/// Where the command's name stands, or should stand, in \p args: behind global options and their
/// values.
std::size_t command_position(const CLI::App& app, const std::vector<std::string>& args) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    const auto& arg = args[i];
    if (!arg.starts_with("-")) return i;
    const auto name = arg.substr(0, arg.find('='));
    const auto* option = app.get_option_no_throw(name);
    if (option == nullptr) return i;
    const bool takes_next = option->get_items_expected_min() > 0 && option->get_type_size() > 0 &&
                            name.size() == arg.size();
    if (takes_next) ++i;
  }
  return args.size();
}

/// Puts `list` where no command is named; an unknown word there is an error that names the nearest
/// command.
Status complete_command(const CLI::App& app, std::vector<std::string>& args) {
  const auto position = command_position(app, args);
  if (position < args.size() && !args[position].starts_with("-")) {
    const auto known = command_names(app);
    if (std::ranges::find(known, args[position]) != known.end()) return {};
    return Error{Errc::Malformed, fmt::format("there is no command '{}'{}", args[position],
                                              did_you_mean(args[position], known))};
  }
  const auto wants_talk = [](const std::string& arg) {
    return arg == "--help" || arg == "-h" || arg == "--version";
  };
  if (std::ranges::any_of(args, wants_talk)) return {};
  args.insert(args.begin() + static_cast<std::ptrdiff_t>(std::min(position, args.size())), "list");
  return {};
}

/// The innermost command that was named.
const CLI::App& named_command(const CLI::App& app) {
  const auto* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().back();
  return *command;
}

std::string describe_extra(const CLI::App& app) {
  const auto extra = app.remaining(true);
  if (extra.empty()) return "an argument too many";
  const auto& first = extra.front();
  if (!first.starts_with("-")) return fmt::format("unexpected argument '{}'", first);
  auto known = option_names(app);
  for (auto& name : option_names(named_command(app))) known.push_back(std::move(name));
  const auto name = first.substr(0, first.find('='));
  return fmt::format("there is no option '{}'{}", name, did_you_mean(name, known));
}

ExitCode report_parse_error(const CLI::App& app, const CLI::ParseError& error) {
  const bool extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  std::string command;
  for (const auto* part = &app; !part->get_subcommands().empty();) {
    part = part->get_subcommands().back();
    command += part->get_name() + ": ";
  }
  return usage_error(command + (extra ? describe_extra(app) : std::string(error.what())));
}

bool wants_color(const std::string& when) {
  if (when != "auto") return when == "always";
  const char* no_color =
      std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): there is one thread.
  return platform::stdout_is_terminal() && (no_color == nullptr || *no_color == '\0');
}

Result<Context> context_of(const Line& line) {
  Context context;
  context.json = line.json;
  context.utc = line.utc;
  context.color = wants_color(line.color);
  if (!line.store.empty()) context.store_file = path_from_utf8(line.store);
  if (!line.data.empty()) {
    context.data_folder = path_from_utf8(line.data);
  } else if (!line.store.empty()) {
    // A store that was named brings the folder that it lies in: its dumps are there.
    context.data_folder =
        context.store_file.has_parent_path() ? context.store_file.parent_path() : ".";
  } else {
    VIGIL_TRY_ASSIGN(context.data_folder, platform::default_data_folder());
  }
  if (line.store.empty()) context.store_file = context.data_folder / "vigil.db";
  return context;
}

ExitCode run_completion(const CLI::App& app,
                        const Line& line,
                        const std::vector<std::string>& words) {
  const auto context = context_of(line);
  if (!context.ok()) return report_error(context.error());
  std::string text;
  for (const auto& word : complete(*context, completion_commands(app), words)) text += word + "\n";
  print(text);
  return ExitCode::Ok;
}

ExitCode parse_and_run(std::vector<std::string> args) {
  Line line;
  CLI::App app("Tells what died on this machine, and why.", "vigil");
  add_everything(app, line);
  if (!args.empty() && args.front() == "--complete") {
    return run_completion(app, line, {args.begin() + 1, args.end()});
  }
  if (const auto status = complete_command(app, args); !status.ok())
    return usage_error(status.error().message());
  try {
    app.parse(
        std::vector<std::string>(args.rbegin(), args.rend()));  // CLI11 takes them from the back.
  } catch (const CLI::CallForHelp&) {
    print(app.help());
    return ExitCode::Ok;
  } catch (const CLI::ParseError& error) {
    return report_parse_error(app, error);
  }
  if (line.version) {
    print(fmt::format("vigil {}\n", kVersion));
    return ExitCode::Ok;
  }
  const auto context = context_of(line);
  if (!context.ok()) return report_error(context.error());
  return line.command(*context);
}

}  // namespace

ExitCode run(const std::vector<std::string>& args) {
  prepare_streams();
  const auto result = parse_and_run(args);
  if (result == ExitCode::Ok && std::ferror(stdout) != 0) {
    say("vigil: standard output cannot be written\n");
    return ExitCode::Failed;
  }
  return result;
}

}  // namespace vigil::cli
