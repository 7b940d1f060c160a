// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "rules/rules.h"

namespace vigil::watch {

/// A probe held against one process. Several may share its answers: each counts those to what was
/// asked of it when it had had its time to start, and none that its predecessor was asked.
class Hang {
 public:
  explicit Hang(rules::Probe probe) : probe_(std::move(probe)) {}

  [[nodiscard]] const rules::Probe& probe() const noexcept { return probe_; }
  /// \p failure: why there was no good answer; nothing: there was one. Answers whether that has
  /// changed whether it holds.
  bool answer(const std::optional<std::string>& failure);
  /// Whether it has failed as often in a row as it may not.
  [[nodiscard]] bool holds() const noexcept { return failures_ >= probe_.failures; }
  /// `http://127.0.0.1:8080/healthz failed 3 times in a row: no answer within 2s`
  [[nodiscard]] std::string text() const;

 private:
  rules::Probe probe_;
  std::uint32_t failures_ = 0;  // in a row
  std::string why_;             // the last time
};

}  // namespace vigil::watch
