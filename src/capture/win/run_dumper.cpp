// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include <fmt/format.h>

#include "base/utf.h"
#include "capture/capture.h"
#include "capture/win/handover.h"
#include "capture/win/modes.h"
#include "capture/win/supervision.h"

namespace vigil::capture {
namespace {

/// What was asked for is decided already: no limit applies.
Status run_once(const Nt& nt, const DumperOptions& options, const DumperConsole& console) {
  VIGIL_TRY_ASSIGN(const auto process,
                   TargetProcess::open(nt, options.pid, TargetProcess::Use::Dump));
  VIGIL_TRY(check_is_the_one(process, options));
  std::optional<Supervision> supervision;
  if (options.supervised) supervision.emplace();
  LiveMemory memory(process.handle());
  auto signal = process.facts();
  signal.source =
      options.occasion == store::Kind::Manual ? store::Source::Manual : store::Source::Sampler;
  signal.kind = options.occasion;
  signal.at = SystemClock().now();
  const rules::Decision decision{
      .dump = options.dump,
      .rule = options.rule,
      .reason = options.reason.empty() ? "asked for by hand" : options.reason,
      .manner = options.manner};
  const auto done = [&](const std::filesystem::path& file, const LiveDump& dump) {
    if (console.say) console.say(describe(dump, options.dump));
    if (console.written) console.written(file);
  };
  if (options.inbox.empty()) {
    VIGIL_TRY_ASSIGN(const auto dump,
                     write_live_dump(nt, process, memory,
                                     {.kind = options.dump,
                                      .manner = options.manner,
                                      .comment = dump_comment(signal, decision),
                                      .path = options.output,
                                      .compress = options.compress,
                                      .min_free_bytes = options.min_free_disk_bytes,
                                      .control = {.progress = console.progress,
                                                  .cancel = supervision ? supervision->token()
                                                                        : console.cancel}}));
    done(options.output, dump);
    return {};
  }
  VIGIL_TRY_ASSIGN(const auto handed,
                   hand_over(nt, process, memory, options, console,
                             {.signal = signal, .decision = decision, .decided = true}));
  if (handed.dump_error) return *handed.dump_error;
  done(options.inbox / path_from_utf8(handed.event_file), *handed.dump);
  return {};
}

}  // namespace

Status check_is_the_one(const TargetProcess& process, const DumperOptions& options) {
  if (!options.process_start || process.facts().process_start == options.process_start) return {};
  return Error{Errc::NotFound,
               fmt::format("process {}: is gone, and its id is used again", options.pid.value)};
}

Status run_dumper(const DumperOptions& options, const DumperConsole& console) {
  if (options.mode == DumperOptions::Mode::Pack) return run_pack(options, console);
  VIGIL_TRY_ASSIGN(const auto nt, Nt::load());
  switch (options.mode) {
    case DumperOptions::Mode::Once: return run_once(nt, options, console);
    case DumperOptions::Mode::Attach: return run_attach(nt, options, console);
    case DumperOptions::Mode::Jit: return run_jit(nt, options, console);
    case DumperOptions::Mode::Pack: break;  // above: it is about no process
  }
  return {};
}

}  // namespace vigil::capture
