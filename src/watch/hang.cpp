// SPDX-License-Identifier: Apache-2.0
#include "watch/hang.h"

#include <fmt/format.h>

#include "base/words.h"

namespace vigil::watch {

bool Hang::answer(const std::optional<std::string>& failure) {
  const bool held = holds();
  if (!failure) {
    failures_ = 0;
  } else {
    if (failures_ < probe_.failures) ++failures_;
    why_ = *failure;
  }
  return holds() != held;
}

std::string Hang::text() const {
  if (probe_.type == rules::Probe::Type::WaitChain) return "deadlock: " + why_;
  if (probe_.failures == 1) return fmt::format("{}: {}", rules::describe(probe_), why_);
  return fmt::format("{} failed {} in a row: {}", rules::describe(probe_),
                     counted(probe_.failures, "time"), why_);
}

}  // namespace vigil::watch
