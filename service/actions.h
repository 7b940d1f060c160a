// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <spdlog/logger.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "action_plan.h"
#include "base/result.h"
#include "base/time.h"
#include "limited_run.h"
#include "settings/settings.h"
#include "store/store.h"

namespace vigil::service {

/// Does what rules want done after a capture, as it stands in the store: each in a child of its own
/// with a limit of time. A message that nobody took is sent again, with longer and longer pauses;
/// the others are done once or not at all. It does not own what it is given.
class Actions {
 public:
  struct Parts {
    boost::asio::io_context& io;
    store::Store& store;
    const Clock& clock;
    spdlog::logger& log;
    const settings::Settings& settings;
    std::filesystem::path vigil;    ///< vigil.exe
    std::filesystem::path service;  ///< This program.
  };
  explicit Actions(Parts parts) : parts_(std::move(parts)) {}

  void start();
  /// Ends what is under way.
  void stop();

  /// Of one service in any hour: one that hangs at once whenever it starts is not helped by more.
  static constexpr std::size_t kMaxRestarts = 3;

 private:
  struct Outcome {
    bool done = false;
    std::string words;  ///< How it went.
  };
  /// Of the actions that wait for the report, or of those that do not.
  [[nodiscard]] boost::asio::awaitable<void> work(bool at_end);
  [[nodiscard]] boost::asio::awaitable<void> perform(store::Action action);
  [[nodiscard]] boost::asio::awaitable<Outcome> attempt(const store::Action& action,
                                                        const ActionSpec& spec,
                                                        const store::Capture& capture);
  [[nodiscard]] Result<std::unique_ptr<LimitedRun>> begin(const store::Action& action,
                                                          const ActionSpec& spec,
                                                          const store::Capture& capture);
  [[nodiscard]] Result<std::unique_ptr<LimitedRun>> begin_restart(const ActionSpec& spec,
                                                                  const store::Capture& capture);
  [[nodiscard]] Result<std::unique_ptr<LimitedRun>> begin_message(const ActionSpec& spec,
                                                                  const store::Capture& capture);
  [[nodiscard]] Result<std::unique_ptr<LimitedRun>> begin_program(const ActionSpec& spec,
                                                                  const store::Capture& capture);
  [[nodiscard]] bool may_restart(const std::string& service);
  [[nodiscard]] std::string why_not_now(const store::Action& action) const;
  void note(const store::Action& action, const Outcome& outcome);

  Parts parts_;
  std::set<boost::asio::steady_timer*> sleeping_;  // of workers that have nothing to do
  std::set<LimitedRun*> running_;
  std::map<std::string, std::deque<Timestamp>> restarts_;  // by service, oldest first
  bool stopping_ = false;
  bool claim_failed_ = false;
};

}  // namespace vigil::service
