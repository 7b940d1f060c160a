// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/exit_code.h"
#include "base/result.h"

/// The commands of `vigil`: one options struct and one function each, in cmd_<name>.cpp. cli.cpp is
/// the only file that knows CLI11. Data goes to stdout, talk to stderr; with `json` stdout is one
/// JSON value.
namespace vigil::cli {

/// What all commands share.
struct Context {
  std::filesystem::path data_folder;  ///< --data, or the system's.
  std::filesystem::path store_file;   ///< --store, or vigil.db in the data folder.
  bool json = false;
  bool utc = false;
  bool color = false;  ///< On stdout: a terminal, or --color=always.
};

struct ListOptions {
  std::string process;
  std::string state, since, until;
  std::uint32_t count = 0;  ///< -n; 0: all.
  bool newest_first = false;
  bool legend = true;
};
struct ShowOptions {
  std::string id;  ///< A number or `last`.
  bool all_threads = false;
};
struct AnalyzeOptions {
  std::filesystem::path file;          ///< A dump, or a folder of them.
  std::vector<std::string> symbols;    ///< --symbols: each a symbol path.
  std::filesystem::path symbol_cache;  ///< Empty: the person's own.
  std::optional<std::uint64_t>
      dump_handle;        ///< The service's sandbox: an inherited handle instead of file.
  std::string dump_name;  ///< With dump_handle: the name to report.
  std::vector<std::string> samples;           ///< --sample: later dumps of the same process.
  std::vector<std::uint64_t> sample_handles;  ///< With dump_handle: the same as handles.
  bool all_threads = false;
};
struct SignatureOptions {
  std::string subject;               ///< A dump, a report as JSON, a capture's number, or `last`.
  bool explain = false;              ///< What was made of each frame.
  std::vector<std::string> symbols;  ///< --symbols, for a dump.
};
struct KernelOptions {
  std::string subject;               ///< A kernel dump, or a capture's id.
  std::vector<std::string> symbols;  ///< --symbols
  /// Which parts; none: all.
  bool bugcheck = false, vm = false, processors = false, modules = false, processes = false,
       threads = false, peb = false, teb = false;
};
struct SymbolsFetchOptions {
  std::vector<std::string> subjects;  ///< Dumps, folders of them, reports as JSON, captures' ids.
  std::vector<std::string> symbols;   ///< --symbols; empty: that of _NT_SYMBOL_PATH.
  std::filesystem::path output;       ///< The store to fill; empty: that of the symbol path.
  bool all = false;                   ///< Every module, not only those on stacks.
  bool images = false, refresh = false, allow_http = false;
};
struct SymbolsCheckOptions {
  std::filesystem::path file;        ///< A dump, or a report as JSON.
  std::vector<std::string> symbols;  ///< --symbols
};
struct DumpOptions {
  std::string target;  ///< A pid or a process name.
  std::string kind = "mini";
  std::vector<std::string> custom = {};  ///< Masks and names that make one MINIDUMP_TYPE.
  std::string writer = {};
  std::string suspend = {};      ///< A duration.
  std::filesystem::path output;  ///< Empty: into the store, through the inbox.
  bool compress = true;
};
struct StatusOptions {};
struct RulesCheckOptions {
  std::filesystem::path path;  ///< A file or folder; empty: rules.d of the data folder.
};
struct RulesExplainOptions {
  std::string id;                    ///< A capture; empty: a process.
  std::optional<std::uint32_t> pid;  ///< A running one; otherwise one that is described.
  std::string process, path, command_line;
  std::vector<std::string> services;
  std::string exit_code;  ///< Empty: whatever may happen to it.
};
struct RulesTestOptions {
  std::filesystem::path path;  ///< As for check.
  std::string since;           ///< Empty: from the first on.
  bool all = false;            ///< Also what would be decided as it was.
};
struct RulesSwitchOptions {
  std::vector<std::string> names;
  bool enable = false;
};
struct ServiceOptions {
  bool no_start = false;  ///< install: do not start it.
};

[[nodiscard]] ExitCode run_list(const Context& context, const ListOptions& options);
[[nodiscard]] ExitCode run_show(const Context& context, const ShowOptions& options);
[[nodiscard]] ExitCode run_analyze(const Context& context, const AnalyzeOptions& options);
[[nodiscard]] ExitCode run_signature(const Context& context, const SignatureOptions& options);
/// Sends a message that standard input holds with its URL; for the service.
[[nodiscard]] ExitCode run_deliver(const Context& context);
[[nodiscard]] ExitCode run_kernel(const Context& context, const KernelOptions& options);
[[nodiscard]] ExitCode run_symbols_fetch(const Context& context,
                                         const SymbolsFetchOptions& options);
[[nodiscard]] ExitCode run_symbols_check(const Context& context,
                                         const SymbolsCheckOptions& options);
[[nodiscard]] ExitCode run_dump(const Context& context, const DumpOptions& options);
[[nodiscard]] ExitCode run_status(const Context& context, const StatusOptions& options);
[[nodiscard]] ExitCode run_rules_check(const Context& context, const RulesCheckOptions& options);
[[nodiscard]] ExitCode run_rules_list(const Context& context);
[[nodiscard]] ExitCode run_rules_explain(const Context& context,
                                         const RulesExplainOptions& options);
[[nodiscard]] ExitCode run_rules_test(const Context& context, const RulesTestOptions& options);
[[nodiscard]] ExitCode run_rules_switch(const Context& context, const RulesSwitchOptions& options);
[[nodiscard]] ExitCode run_service_install(const Context& context, const ServiceOptions& options);
[[nodiscard]] ExitCode run_service_uninstall(const Context& context, const ServiceOptions& options);
[[nodiscard]] ExitCode run_service_start(const Context& context, const ServiceOptions& options);
[[nodiscard]] ExitCode run_service_stop(const Context& context, const ServiceOptions& options);

/// Says \p error on stderr as `vigil: message` and gives the exit code that goes with it.
[[nodiscard]] ExitCode report_error(const Error& error);
/// The same of a fault of the program itself, \p what, whatever \p args asked for: where that was
/// JSON, the error is too.
[[nodiscard]] ExitCode report_internal_error(std::string_view what,
                                             const std::vector<std::string>& args);
/// Writes to stdout as UTF-8, whole; a closed pipe is not an error.
void print(std::string_view text);
/// Talk: to stderr.
void say(std::string_view text);

/// Parses the command line (UTF-8, without the program's name) and runs the command.
[[nodiscard]] ExitCode run(const std::vector<std::string>& args);

}  // namespace vigil::cli
