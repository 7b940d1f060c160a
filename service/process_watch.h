// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <spdlog/logger.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/windows/object_handle.hpp>

#include "attachments.h"
#include "circumstances.h"
#include "counters.h"
#include "desk.h"
#include "inbox.h"
#include "inbox_claims.h"
#include "live_captures.h"
#include "log_news.h"
#include "platform/win/process_table.h"
#include "platform/win/processes.h"
#include "platform/win/service_table.h"
#include "probes.h"
#include "session_helpers.h"
#include "watch/watch.h"

namespace vigil::service {

/// Looks at the process table once an interval, holds thresholds against what each process did in
/// it, holds a handle of every process that a rule concerns, and tells the desk how each of them
/// ended. It does not own what it is given.
class ProcessWatch {
 public:
  struct Parts {
    boost::asio::io_context& io;
    Desk& desk;
    Attachments& attachments;
    LiveCaptures& live_captures;
    const Clock& clock;
    spdlog::logger& log;
    const settings::Settings& settings;
    std::filesystem::path service_program;  ///< This one, for its helpers.
    std::filesystem::path dumps;
    std::function<void()> after_look;  ///< Called once an interval.
  };
  explicit ProcessWatch(Parts parts);

  /// The first look. Errors mean that nothing can be watched.
  [[nodiscard]] Status start();
  void stop();
  /// After the rules have changed: watches and attaches to what they concern now.
  void apply_rules();

  /// What event tracing tells of processes, the ones among them that no look has seen.
  void take_event(const watch::ProcessEvent& event);

  /// For dump files that name only a pid.
  [[nodiscard]] std::optional<KnownProcess> find(ProcessId pid,
                                                 std::string_view name,
                                                 Timestamp at) const;
  /// The process that runs the service of this key, or the last one that ran it and has ended.
  [[nodiscard]] std::optional<LogNews::ServiceProcess> running(std::string_view service) const;
  [[nodiscard]] std::optional<LogNews::ServiceProcess> ended_with(std::string_view service,
                                                                  Timestamp at) const;
  [[nodiscard]] std::size_t watched() const noexcept;
  /// What was the case just now, for whatever has happened to this process.
  [[nodiscard]] report::Circumstances circumstances(const ProcessKey& key) const;
  /// What is known of a process that lives, or ended lately.
  [[nodiscard]] std::optional<rules::ProcessFacts> facts(const ProcessKey& key) const;
  /// For rules that ask for an event and a threshold.
  [[nodiscard]] rules::Holds holds(const ProcessKey& key) const { return triggers_.holds(key); }

 private:
  struct Process {
    watch::ProcessEntry entry;
    rules::ProcessFacts facts;
    bool critical = false;
    bool wants_dumper = false;
    std::unique_ptr<boost::asio::windows::object_handle> handle;  // null: not watched
  };

  [[nodiscard]] Status look();
  void measure();
  void read_services();
  void take_services(platform::ServiceTable services);
  void look_at_services(Microseconds now);
  void look_at_windows(Microseconds now);
  void take_window_report(std::uint32_t session, const std::vector<ProcessId>& hung);
  void ask_probes();
  void take_answer(const rules::Probe& probe, const ProbeAnswer& answer, Microseconds asked);
  void capture(const watch::Firing& firing);
  void capture_held_back(Microseconds now);
  void warn_of_wait_chains(const std::vector<rules::Probe>& probes);
  void find_out_more(Process& process) const;
  [[nodiscard]] bool may_tell_of_traced();
  void remember(const ProcessKey& key, rules::ProcessFacts facts);
  [[nodiscard]] boost::asio::awaitable<void> look_again();
  void examine(const watch::ProcessEntry& entry);
  void apply_rules_to(Process& process, platform::KernelHandle handle);
  [[nodiscard]] boost::asio::awaitable<void> await_end(ProcessKey key);
  void ended(ProcessKey key);

  Parts parts_;
  boost::asio::steady_timer timer_;
  platform::ProcessTable table_;
  std::vector<watch::TableRow> rows_;  // of the last look
  watch::Sampler sampler_;
  watch::Triggers triggers_;
  Probes probes_;
  platform::ServiceTable services_;
  struct Ended {
    ProcessKey key;
    rules::ProcessFacts facts;
    Timestamp at;
  };
  std::deque<Ended> ended_;  // oldest first
  watch::ProcessTracker tracker_;
  std::map<ProcessKey, Process> processes_;
  watch::TracedProcesses traced_;
  HourlyLimit traced_limit_;  // a program may start and end others as fast as it likes
  watch::PendingServices pending_;
  watch::HungWindows windows_;
  SessionHelpers helpers_;
  Counters counters_;
  int service_looks_ = 0;  // how often the services are still to be read after a start
  bool stopping_ = false;
  bool look_failed_ = false;
  bool services_failed_ = false;
  std::set<rules::Probe> unanswered_;  // of which it was said that they cannot be asked
  Microseconds next_held_back_{};
  bool wait_chains_looked_for_ = false;
  bool too_many_probes_ = false;  // was said
};

}  // namespace vigil::service
