// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/logger.h>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "desk.h"
#include "eventlog/eventlog.h"
#include "rules/rules.h"
#include "wer/wer.h"

namespace vigil::service {

/// Turns the events that the log gives into news for the desk: whose process a service is or was,
/// what time they may claim, and how many are taken at most, for anybody may write events. It does
/// not own what it is given.
class LogNews {
 public:
  /// Of the Application log, which anybody may write to, in any hour. More are counted and left
  /// out; nothing that is honest writes so many. What lies further back is read after a time
  /// without us.
  static constexpr std::size_t kMaxPerHour = 2'000;
  static constexpr std::size_t kMaxOldPerHour = 10'000;

  struct ServiceProcess {
    ProcessKey key;
    rules::ProcessFacts facts;
  };
  struct Parts {
    Desk& desk;
    const Clock& clock;
    spdlog::logger& log;
    /// Who runs this service (key or display name), or, where it has \p ended, who ran it when
    /// it ended near this moment.
    std::function<std::optional<ServiceProcess>(const std::string& service, bool ended, Timestamp)>
        find;
    /// The report of Windows Error Reporting in a folder that an event names; nothing: there is
    /// none, or it is not to be read.
    std::function<std::optional<wer::Report>(const std::string& folder)> read_report;
  };
  explicit LogNews(Parts parts) : parts_(std::move(parts)) {}

  /// What EventReader reads: events as XML, and the bookmark behind them.
  [[nodiscard]] Status take(const std::vector<std::string>& events, std::string_view bookmark);

  /// Warnings and errors of the last five minutes, oldest first, at most kMaxTroubles.
  [[nodiscard]] std::vector<eventlog::Trouble> troubles();
  static constexpr std::size_t kMaxTroubles = 100;

 private:
  [[nodiscard]] std::optional<store::LoggedNews> read(std::string_view xml);
  void note_trouble(const eventlog::Record& record);
  [[nodiscard]] std::optional<store::Signal> signal_of_report(const eventlog::News& news) const;
  void complete(store::Signal& signal, const std::string& service) const;
  [[nodiscard]] Status keep(const std::vector<store::LoggedNews>& news, std::string_view bookmark);
  void leave_out_what_is_too_much(std::vector<store::LoggedNews>& news);

  /// How many events of one sort were taken in the past hour.
  class Budget {
   public:
    explicit Budget(std::size_t limit) : limit_(limit) {}
    /// How many more there may be.
    [[nodiscard]] std::size_t left(Timestamp now);
    void use(std::size_t count, Timestamp now);

   private:
    std::size_t limit_;
    std::deque<std::pair<Timestamp, std::size_t>> used_;  // oldest first
  };
  [[nodiscard]] Budget* budget_of(const store::LogEvent& event);

  Parts parts_;
  std::deque<eventlog::Trouble> troubles_;  // as they came
  Timestamp bookmark_kept_{};
  Budget fresh_{kMaxPerHour}, old_{kMaxOldPerHour};
  std::size_t left_out_ = 0;
};

}  // namespace vigil::service
