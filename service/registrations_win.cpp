// SPDX-License-Identifier: Apache-2.0
#include "registrations.h"

#include "base/utf.h"
#include "watch/win/aedebug_registry.h"
#include "wer/win/local_dumps_registry.h"

namespace vigil::service {

void Registrations::apply(const rules::RuleSet& rules) {
  apply_aedebug();
  apply_local_dumps(rules);
  if (!base_.settings.local_dumps) return;
  for (const auto& why : wer::what_hinders_wer()) base_.log->warn("{}", why);
}

void Registrations::apply_aedebug() {
  if (base_.settings.aedebug) {
    const auto done = watch::register_system_aedebug({utf8_from_path(base_.programs.dumper),
                                                      utf8_from_path(base_.paths.inbox()),
                                                      utf8_from_path(base_.paths.rules_folder())});
    if (!done.ok())
      base_.log->warn("cannot register as the AeDebug debugger: {}", done.error().message());
    return;
  }
  const auto restored = watch::restore_system_aedebug();
  if (!restored.ok()) {
    base_.log->warn("cannot put the AeDebug debugger back: {}", restored.error().message());
  } else if (*restored) {
    base_.log->info("the AeDebug debugger is again what it was before");
  }
}

void Registrations::apply_local_dumps(const rules::RuleSet& rules) {
  const auto wanted = base_.settings.local_dumps ? wer::wanted_dumps(rules) : wer::WantedDumps{};
  const auto done = wer::keep_system_in_step(wanted, utf8_from_path(base_.paths.inbox()));
  if (!done.ok()) {
    base_.log->warn("cannot tell Windows Error Reporting which dumps to write: {}",
                    done.error().message());
    return;
  }
  const auto named = [](const std::string& program) {
    return program.empty() ? std::string("all programs") : printable_utf8(program);
  };
  for (const auto& program : done->set)
    base_.log->info("WER is to leave dumps of {} in the inbox", named(program));
  for (const auto& program : done->restored)
    base_.log->info("WER is told of {} what it was told before", named(program));
}

}  // namespace vigil::service
