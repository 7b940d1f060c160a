// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/utf.h"
#include "base/version.h"
#include "command_line.h"
#include "commands.h"
#include "completion.h"
#include "console.h"
#include "output.h"
#include "platform/platform.h"
#include "suggest.h"

namespace vigil::cli {
namespace {

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // Hidden.
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    for (const auto& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

/// Commands without a group are hidden.
bool is_shown(const CLI::App* command) {
  return !command->get_group().empty();
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands(is_shown)) names.push_back(command->get_name());
  return names;
}

std::vector<CompletionCommand> completion_commands(const CLI::App& app) {
  std::vector<CompletionCommand> commands;
  for (const auto* command : app.get_subcommands(is_shown)) {
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
    // Hidden ones are commands too, for the service; they are never proposed.
    const auto is_it = [&](const CLI::App* command) {
      return command->get_name() == args[position];
    };
    if (!app.get_subcommands(is_it).empty()) return {};
    const auto known = command_names(app);
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
  const auto below = command_names(named_command(app));
  if (!extra && !below.empty()) {
    return usage_error(
        fmt::format("{}one of these is needed: {}", command, fmt::join(below, ", ")));
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
  describe(app, line);
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
