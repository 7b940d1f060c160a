// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "rules/rules.h"

namespace vigil::watch {

/// What the probes of rules have been answered.
class ProbeBook {
 public:
  /// \p failure: why there was no good answer; nothing: there was one.
  void answer(const rules::Probe& probe, const std::optional<std::string>& failure);
  /// Whether it has failed as often in a row as it may not.
  [[nodiscard]] bool fails(const rules::Probe& probe) const;
  /// `http://127.0.0.1:8080/healthz failed 3 times in a row: no answer within 2s`
  [[nodiscard]] std::string text(const rules::Probe& probe) const;
  /// Only those that \p is_wanted says are kept.
  template <class IsWanted>
  void keep(const IsWanted& is_wanted) {
    std::erase_if(answers_, [&](const auto& pair) { return !is_wanted(pair.first); });
  }

 private:
  struct Answers {
    std::uint32_t failures = 0;  // in a row
    std::string why;             // the last time
  };
  std::map<rules::Probe, Answers> answers_;
};

}  // namespace vigil::watch
