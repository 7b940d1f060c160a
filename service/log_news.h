// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/logger.h>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "desk.h"
#include "rules/rules.h"

namespace vigil::service {

/// Turns the events that the log gives into news for the desk: whose process a service is or was,
/// what time they may claim, and how many are taken at most, for anybody may write events. It does
/// not own what it is given.
class LogNews {
 public:
  /// In any hour. More are counted and left out; nothing that is honest writes so many.
  static constexpr std::size_t kMaxPerHour = 2'000;

  struct ServiceProcess {
    ProcessKey key;
    rules::ProcessFacts facts;
  };
  struct Parts {
    Desk& desk;
    const Clock& clock;
    spdlog::logger& log;
    /// Who runs this service (key or display name), or, where it has \p ended, who ran it last.
    std::function<std::optional<ServiceProcess>(const std::string& service, bool ended)> find;
  };
  explicit LogNews(Parts parts) : parts_(std::move(parts)) {}

  /// What EventReader reads: events as XML, and the bookmark behind them.
  [[nodiscard]] Status take(const std::vector<std::string>& events, std::string_view bookmark);

 private:
  [[nodiscard]] std::optional<store::LoggedNews> read(std::string_view xml);
  void complete(store::Signal& signal, const std::string& service) const;
  [[nodiscard]] bool is_over_limit();

  Parts parts_;
  std::deque<Timestamp> taken_;  // in the past hour
  std::size_t left_out_ = 0;
};

}  // namespace vigil::service
