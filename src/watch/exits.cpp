// SPDX-License-Identifier: Apache-2.0
#include "base/exception_codes.h"
#include "watch/watch.h"

namespace vigil::watch {

std::optional<store::Signal> exit_signal(const ProcessEnd& end,
                                         const rules::RuleSet& rules,
                                         const rules::Holds& holds) {
  const bool crashed = is_crash_exit_code(end.exit_code);
  const auto is_wanted = [&] {
    return rules.find(rules::EventKind::Exit, end.exit_code, end.facts, holds) != nullptr;
  };
  if (!crashed && !is_wanted()) return std::nullopt;
  store::Signal signal;
  signal.source = store::Source::ExitWatch;
  signal.kind = crashed ? store::Kind::Crash : store::Kind::Exit;
  signal.at = end.at;
  signal.pid = end.key.pid;
  signal.process_start = end.key.start;
  signal.process = end.facts.name;
  signal.path = end.facts.path;
  signal.command_line = end.facts.command_line;
  signal.exit_code = end.exit_code;
  return signal;
}

const rules::Rule* find_rule(const rules::RuleSet& rules,
                             const store::Signal& signal,
                             const rules::ProcessFacts& facts,
                             const rules::Holds& holds) {
  const auto exit_code = signal.exit_code.value_or(signal.exception_code.value_or(0));
  if (signal.kind == store::Kind::Exception)
    return rules.find(rules::EventKind::Exception, exit_code, facts, holds, signal.text);
  if (signal.kind == store::Kind::Module)
    return rules.find(rules::EventKind::Module, 0, facts, holds, signal.text);
  if (signal.kind == store::Kind::ThreadEnd) {
    if (!signal.exit_code) return nullptr;
    return rules.find(rules::EventKind::ThreadEnd, *signal.exit_code, facts, holds);
  }
  if (signal.kind == store::Kind::ThreadStart)
    return rules.find(rules::EventKind::ThreadStart, 0, facts, holds, signal.text);
  if (signal.kind == store::Kind::Bugcheck || signal.kind == store::Kind::LiveReport)
    return rules.find(rules::EventKind::Bugcheck, exit_code, facts, holds);
  if (signal.kind == store::Kind::Crash) {
    if (const auto* rule = rules.find(rules::EventKind::Crash, exit_code, facts, holds))
      return rule;
  }
  // Without an exit code nobody can say whether an exit rule asks for it.
  if (!signal.exit_code && !signal.exception_code) return nullptr;
  return rules.find(rules::EventKind::Exit, exit_code, facts, holds);
}

}  // namespace vigil::watch
