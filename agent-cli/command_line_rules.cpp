// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "base/utf.h"
#include "command_line.h"
#include "rules_schema.h"

namespace vigil::cli {
namespace {

void add_check(CLI::App& group, Line& line) {
  auto* command = add_command(group, "check", "Read rule files and say what is wrong with them",
                              "  vigil rules check\n"
                              "  vigil rules check orders.yaml\n");
  command
      ->add_option("PATH", line.rules_path,
                   "A file or folder; otherwise rules.d of the data folder")
      ->type_name("");
  command->callback([&line] {
    line.rules_check.path = path_from_utf8(line.rules_path);
    line.command = [&line](const Context& context) {
      return run_rules_check(context, line.rules_check);
    };
  });
}

void add_list(CLI::App& group, Line& line) {
  auto* command =
      add_command(group, "list", "List the rules with their state and what they have taken", "");
  command->callback([&line] { line.command = run_rules_list; });
}

void add_explain(CLI::App& group, Line& line) {
  auto* command =
      add_command(group, "explain", "Tell clause by clause what the rules make of a process",
                  "  vigil rules explain 42\n"
                  "  vigil rules explain --pid 1234\n"
                  "  vigil rules explain --process Orders.exe --service Orders --exit 3\n");
  auto& options = line.rules_explain;
  auto* id = command->add_option("ID", options.id, "A capture: a number from vigil list, or last")
                 ->type_name("");
  auto* pid = command->add_option("--pid", options.pid, "A running process")->type_name("PID");
  auto* process = command->add_option("--process", options.process, "A process of this name")
                      ->type_name("NAME");
  id->excludes(pid)->excludes(process);
  pid->excludes(process);
  command->add_option("--path", options.path, "With --process: its full path")
      ->type_name("PATH")
      ->needs(process);
  command->add_option("--command-line", options.command_line, "With --process: its command line")
      ->type_name("TEXT")
      ->needs(process);
  command->add_option("--service", options.services, "With --process: a service that it runs")
      ->type_name("NAME")
      ->needs(process)
      ->allow_extra_args(false);
  command
      ->add_option("--exit", options.exit_code,
                   "Of its end with this code; otherwise of whatever may happen to it")
      ->type_name("CODE");
  command->callback([&line] {
    const auto& asked = line.rules_explain;
    if (asked.id.empty() && !asked.pid && asked.process.empty())
      throw CLI::RequiredError("ID, --pid or --process");
    line.command = [&line](const Context& context) {
      return run_rules_explain(context, line.rules_explain);
    };
  });
}

void add_test(CLI::App& group, Line& line) {
  auto* command =
      add_command(group, "test", "Replay what has happened against rules that are not in force yet",
                  "  vigil rules test new-rules.yaml\n"
                  "  vigil rules test rules.d --since -7d --all\n");
  command
      ->add_option("PATH", line.rules_path,
                   "A file or folder; otherwise rules.d of the data folder")
      ->type_name("");
  command->add_option("-S,--since", line.rules_test.since, "Only what happened since then")
      ->type_name("TIME");
  command->add_flag("-a,--all", line.rules_test.all, "Also what would be decided as it was");
  command->callback([&line] {
    line.rules_test.path = path_from_utf8(line.rules_path);
    line.command = [&line](const Context& context) {
      return run_rules_test(context, line.rules_test);
    };
  });
}

void add_schema(CLI::App& group, Line& line) {
  auto* command = add_command(group, "schema", "Print the JSON Schema of rule files, for editors",
                              "  vigil rules schema > rules.schema.json\n");
  command->callback([&line] {
    line.command = [](const Context&) {
      print(kRulesSchema);
      return ExitCode::Ok;
    };
  });
}

void add_switch(CLI::App& group, Line& line, const char* name, const char* summary, bool enable) {
  auto* command = add_command(group, name, summary, "");
  command->add_option("RULE", line.rules_switch.names, "The names of rules")
      ->required()
      ->type_name("");
  command->callback([&line, enable] {
    line.rules_switch.enable = enable;
    line.command = [&line](const Context& context) {
      return run_rules_switch(context, line.rules_switch);
    };
  });
}

}  // namespace

void add_rules(CLI::App& app, Line& line) {
  auto* group = add_command(app, "rules", "List, check, explain, try and switch rules", "");
  group->require_subcommand(1);
  add_list(*group, line);
  add_check(*group, line);
  add_explain(*group, line);
  add_test(*group, line);
  add_switch(*group, line, "enable", "Ask a rule again that was disabled", true);
  add_switch(*group, line, "disable", "Ask a rule no more, until it is enabled", false);
  add_schema(*group, line);
}

}  // namespace vigil::cli
