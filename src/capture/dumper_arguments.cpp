// SPDX-License-Identifier: Apache-2.0
// The other direction of dumper_options.cpp: what the service says to a dumper, and its usage.
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/utf.h"
#include "capture/capture.h"

namespace vigil::capture {
namespace {

using Mode = DumperOptions::Mode;

void add(std::vector<std::string>& args, const char* name, std::string value) {
  if (value.empty()) return;
  args.emplace_back(name);
  args.push_back(std::move(value));
}

}  // namespace

std::vector<std::string> to_command_line(const DumperOptions& options) {
  std::vector<std::string> args;
  const auto pid = std::to_string(options.pid.value);
  switch (options.mode) {
    case Mode::Once: args = {"--pid", pid}; break;
    case Mode::Attach: args = {"--attach", pid}; break;
    case Mode::Jit:
      args = {"--jit", pid, std::to_string(options.jit_event),
              fmt::format("{:x}", options.jit_info)};
      break;
    case Mode::Pack: args = {"--pack", utf8_from_path(options.source)}; break;
  }
  if (options.written) add(args, "--written", std::to_string(options.written->us));
  if (options.mode != Mode::Pack)
    args.insert(args.end(), {"--kind", std::string(rules::to_string(options.dump))});
  const auto& manner = options.manner;
  if (manner.custom != 0) add(args, "--custom", fmt::format("{:#x}", manner.custom));
  if (manner.writer != rules::Writer::Native)
    add(args, "--writer", std::string(rules::to_string(manner.writer)));
  if (manner.suspend) {
    add(args, "--suspend",
        std::to_string(
            std::chrono::duration_cast<std::chrono::milliseconds>(*manner.suspend).count()));
  }
  add(args, "--inbox", utf8_from_path(options.inbox));
  add(args, "--output", utf8_from_path(options.output));
  add(args, "--rules", utf8_from_path(options.rules_folder));
  add(args, "--rule", options.rule);
  add(args, "--reason", options.reason);
  if (options.occasion != store::Kind::Manual)
    add(args, "--occasion", std::string(store::to_string(options.occasion)));
  if (options.process_start)
    add(args, "--process-start", std::to_string(options.process_start->us));
  for (const auto code : options.exit_codes) add(args, "--exit-code", fmt::format("{:#x}", code));
  for (const auto code : options.exceptions) add(args, "--exception", fmt::format("{:#x}", code));
  for (const auto& watch : options.exception_texts) {
    std::string codes;
    for (const auto code : watch.codes)
      codes += fmt::format("{}{:#x}", codes.empty() ? "" : ",", code);
    add(args, "--exception-text", codes + "=" + watch.text);
  }
  for (const auto& pattern : options.modules) add(args, "--module", pattern);
  for (const auto code : options.thread_ends) add(args, "--thread-end", fmt::format("{:#x}", code));
  for (const auto& pattern : options.thread_starts) add(args, "--thread-start", pattern);
  if (options.any_exit_code) args.emplace_back("--any-exit-code");
  if (options.min_free_disk_bytes != 0)
    add(args, "--min-free-disk", std::to_string(options.min_free_disk_bytes));
  if (!options.compress) args.emplace_back("--plain");
  if (!options.exit_trap) args.emplace_back("--no-exit-trap");
  if (options.supervised) args.emplace_back("--supervised");
  return args;
}

std::string_view dumper_usage() noexcept {
  return R"(Usage: vigil-dumper --pid PID (--output FILE | --inbox FOLDER) [--kind KIND] [--plain]
                    [--custom MASK] [--writer WRITER] [--suspend MS] [--process-start US] [--rule NAME] [--reason TEXT] [--occasion KIND] [--supervised]
       vigil-dumper --attach PID --inbox FOLDER [--kind KIND] [--rule NAME]
                    [--custom MASK] [--writer WRITER] [--suspend MS]
                    [--exit-code CODE]... [--exception CODE]... [--exception-text [CODE[,CODE]...]=PATTERN]...
                    [--module PATTERN]... [--thread-end CODE]... [--thread-start PATTERN]...
                    [--any-exit-code] [--no-exit-trap] [--plain]
       vigil-dumper --jit PID EVENT [ADDRESS] [--inbox FOLDER] [--rules FOLDER] [--plain]
       vigil-dumper --pack FILE --output FILE [--written US] [--supervised]

Writes the dump of one process, or packs a dump that Windows has written.

  --pid PID             write one dump now; the process goes on
  --attach PID          be the process's debugger until it ends, and dump it when it crashes
  --jit PID EVENT ADDRESS
                        be the system's post-mortem debugger (AeDebug)
  --pack FILE           pack this dump, such as MEMORY.DMP; it stays where it is
  --written US          only if it was written then (microseconds since 1970)
  --kind KIND           triage: stacks without what may be secret; mini (the default): stacks,
                        modules, what registers point at; miniplus: and memory that is the
                        process's own; full: all memory; custom: by --custom; none
  --custom MASK         with --kind custom: MINIDUMP_TYPE, a number or a name; again for more
  --writer WRITER       native (the default), or dbghelp: Windows' MiniDumpWriteDump
  --suspend MS          the longest that the process may stand still; what is not read is left out
  --output FILE         the dump's name
  --inbox FOLDER        hand the dump over to the service through this folder
  --rules FOLDER        with --jit: dump what these rules want
  --rule NAME           the rule that wants it
  --reason TEXT         with --pid: why; it goes into the dump's comment
  --occasion KIND       with --pid: manual, cpu, memory, handles, threads, counter or hang; into the comment too
  --supervised          with --pid and --pack: give up when standard input ends
  --process-start US    only if the process was created then (microseconds since 1970)
  --exit-code CODE      with --attach: also dump an end with this code
  --exception CODE      with --attach: also dump when this exception is raised, handled or not
  --exception-text CODES=PATTERN
                        with --attach: the same of one of these codes (none: any) that says this
  --module PATTERN      with --attach: also dump when a module of this name or path is loaded
  --thread-end CODE     with --attach: also dump when a thread ends with this code, the process not
  --thread-start PATTERN
                        with --attach: also dump when a thread starts in such a module
  --any-exit-code       with --attach: also dump an end with any code but 0
  --no-exit-trap        with --attach: do not stop at the process's own termination calls
  --plain               do not compress
  --min-free-disk BYTES refuse to leave less space than this
  --help, --version

With --attach, vigil-dumper writes one JSON object a line to standard output, and takes decisions from
standard input; the end of the input, or the line `detach`, makes it leave the process alone.
)";
}

}  // namespace vigil::capture
