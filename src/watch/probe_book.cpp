// SPDX-License-Identifier: Apache-2.0
#include "watch/probe_book.h"

#include <fmt/format.h>

#include "base/words.h"

namespace vigil::watch {

void ProbeBook::answer(const rules::Probe& probe, const std::optional<std::string>& failure) {
  auto& answers = answers_[probe];
  if (!failure) {
    answers = {};
    return;
  }
  if (answers.failures < probe.failures) ++answers.failures;
  answers.why = *failure;
}

bool ProbeBook::fails(const rules::Probe& probe) const {
  const auto found = answers_.find(probe);
  return found != answers_.end() && found->second.failures >= probe.failures;
}

std::string ProbeBook::text(const rules::Probe& probe) const {
  const auto found = answers_.find(probe);
  const auto why = found == answers_.end() ? std::string() : found->second.why;
  if (probe.type == rules::Probe::Type::WaitChain) return "deadlock: " + why;
  if (probe.failures == 1) return fmt::format("{}: {}", rules::describe(probe), why);
  return fmt::format("{} failed {} in a row: {}", rules::describe(probe),
                     counted(probe.failures, "time"), why);
}

}  // namespace vigil::watch
