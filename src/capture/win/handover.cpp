// SPDX-License-Identifier: Apache-2.0
#include "capture/win/handover.h"

#include <fmt/format.h>

#include "base/utf.h"
#include "base/version.h"
#include "base/words.h"
#include "capture/fields.h"
#include "capture/win/collect.h"
#include "platform/platform.h"

namespace vigil::capture {
namespace {

constexpr std::size_t kMaxCommentText = 4096;

void add_sentence(std::string& text, std::string_view sentence) {
  if (!text.empty()) text += "; ";
  text += sentence;
}

}  // namespace

std::string dump_comment(const store::Signal& signal, const rules::Decision& decision) {
  Json comment = {{"vigil_version", kVersion},
                  {"source", store::to_string(signal.source)},
                  {"kind", store::to_string(signal.kind)},
                  {"at", format_utc(signal.at)},
                  {"dump", rules::to_string(decision.dump)}};
  const auto put = [&](const char* name, std::string_view text) {
    if (!text.empty()) comment[name] = printable(text, kMaxCommentText);
  };
  put("rule", decision.rule);
  put("reason", decision.reason);
  put("process", signal.process);
  put("fault_key", signal.fault_key);
  put("detail", signal.detail);
  put("processor", processor_name());
  return dump_json(comment);
}

std::string describe(const LiveDump& dump, rules::DumpKind kind) {
  auto text = fmt::format("{} dump of {}, {}, {}; the process stood still for {} of {}",
                          rules::to_string(kind), format_bytes(dump.file_bytes),
                          counted(dump.threads, "thread"), counted(dump.modules, "module"),
                          format_duration(dump.suspended), format_duration(dump.total));
  if (dump.streamed.unreadable_bytes != 0) {
    text += fmt::format("; {} could not be read", format_bytes(dump.streamed.unreadable_bytes));
  }
  for (const auto& note : dump.diagnostics.notes()) add_sentence(text, note);
  return text;
}

Result<HandedOver> hand_over(const Nt& nt,
                             const TargetProcess& process,
                             TargetMemory& memory,
                             const DumperOptions& options,
                             const DumperConsole& console,
                             Handover what) {
  const auto stem = inbox_stem(what.signal);
  InboxEvent event{.signal = what.signal,
                   .dump = what.decision.dump,
                   .rule = what.decision.rule,
                   .decided = what.decided};
  HandedOver result;
  if (what.decision.dump == rules::DumpKind::None) {
    add_sentence(event.signal.detail, "no dump: " + what.decision.reason);
  } else {
    const auto name = stem + (options.compress ? ".dmp.zst" : ".dmp");
    auto dump =
        write_live_dump(nt, process, memory,
                        {.kind = what.decision.dump,
                         .manner = what.decision.manner,
                         .exception = std::move(what.exception),
                         .held = what.held,
                         .comment = dump_comment(what.signal, what.decision),
                         .path = options.inbox / path_from_utf8(name),
                         .compress = options.compress,
                         .min_free_bytes = options.min_free_disk_bytes,
                         .control = {.progress = console.progress, .cancel = console.cancel}});
    if (dump.ok()) {
      event.dump_file = name;
      result.dump = std::move(dump).take();
      add_sentence(event.signal.detail, describe(*result.dump, what.decision.dump));
    } else {
      result.dump_error = std::move(dump).take_error();
      add_sentence(event.signal.detail, "no dump: " + result.dump_error->message());
    }
  }
  result.event_file = stem + std::string(kEventSuffix);
  VIGIL_TRY(platform::write_file_atomically(options.inbox / path_from_utf8(result.event_file),
                                            to_json(event)));
  return result;
}

}  // namespace vigil::capture
