// SPDX-License-Identifier: Apache-2.0
#include "agent.h"

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "actions.h"
#include "analyses.h"
#include "attachments.h"
#include "base/utf.h"
#include "base/version.h"
#include "base/words.h"
#include "coroutines.h"
#include "desk.h"
#include "event_reader.h"
#include "folder_watch.h"
#include "foundation.h"
#include "inbox.h"
#include "inbox_folder.h"
#include "janitor.h"
#include "kernel_captures.h"
#include "live_captures.h"
#include "log.h"
#include "log_news.h"
#include "options.h"
#include "platform/platform.h"
#include "platform/win/drop_box_file.h"
#include "platform/win/processes.h"
#include "platform/win/security.h"
#include "platform/win/service_table.h"
#include "platform/win/win_error.h"
#include "process_tracing.h"
#include "process_watch.h"
#include "registrations.h"
#include "rule_folder.h"
#include "rules/rules.h"
#include "settings/settings.h"
#include "store/store.h"
#include "uptime.h"
#include "wer_reports.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

/// As messages name it, and the rules' files in it.
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

/// Files come in pairs and rules in editors' many small steps: so long after the first change the
/// folder is looked at.
constexpr std::chrono::milliseconds kInboxDelay{50};
constexpr std::chrono::milliseconds kRulesDelay{300};
/// Notifications can be lost, so the inbox is looked at without one as well.
constexpr std::chrono::seconds kInboxAnyway{60};
/// What is old is looked for so long after the start, again so often, and sooner while there is
/// more.
constexpr std::chrono::seconds kFirstSweep{30}, kSweepAgain{3600}, kNextSweep{1};
/// Of kStopWaitHintMs; what is left is for closing the store and for the service manager.
constexpr std::chrono::milliseconds kStopPatience{4'000};

std::optional<RunningProcess> running_process(ProcessId pid) {
  auto found = platform::process_user(pid);
  if (!found.ok()) return std::nullopt;
  return RunningProcess{std::move(found->user), found->start};
}

class Agent {
 public:
  Agent(Foundation foundation, store::Store store, const AgentOptions& options)
      : base_(std::move(foundation)), options_(options), store_(std::move(store)) {}

  [[nodiscard]] Status start();
  /// Until a stop is asked for and carried out.
  void run();

 private:
  [[nodiscard]] Status recover();
  void scan_inbox();
  void scan_inbox_soon();
  void after_look();
  [[nodiscard]] std::string circumstances(const store::Signal& signal);
  [[nodiscard]] std::optional<LogNews::ServiceProcess> find_service(const std::string& name,
                                                                    bool ended,
                                                                    Timestamp at) const;
  void stop();
  [[nodiscard]] asio::awaitable<void> await_stop();
  [[nodiscard]] asio::awaitable<void> watch_inbox();
  [[nodiscard]] asio::awaitable<void> scan_when_due();
  [[nodiscard]] asio::awaitable<void> sweep_again();
  [[nodiscard]] asio::awaitable<void> watch_rules();
  [[nodiscard]] asio::awaitable<void> reload_when_due();

  asio::io_context io_{1};  // first: everything below holds on to it
  Foundation base_;
  const AgentOptions& options_;
  SystemClock clock_;
  store::Store store_;
  Desk desk_{{store_, clock_, *base_.log, base_.settings,
              [this] { return platform::free_disk_bytes(base_.paths.dumps()); },
              [this](const ProcessKey& process) { return processes_.holds(process); },
              [this](const ProcessKey& process) { return processes_.facts(process); },
              [this](const store::Signal& signal) { return circumstances(signal); }}};
  RuleFolder rule_folder_{{base_.paths, *base_.log, platform::why_not_to_be_trusted}};
  Registrations registrations_{base_};
  DiskInboxFolder folder_{base_.paths.inbox(), base_.paths.root};
  CaptureSlots slots_{io_, base_.settings.max_concurrent_captures};
  Attachments attachments_{{io_, desk_, clock_, *base_.log, base_.settings, slots_,
                            base_.programs.dumper, base_.paths.inbox(),
                            [this] { scan_inbox_soon(); }}};
  LiveCaptures live_captures_{{io_, desk_, store_, clock_, *base_.log, base_.settings, slots_,
                               base_.programs.dumper, base_.paths.root,
                               [this] { analyses_.wake(); }}};
  KernelCaptures kernel_captures_{{io_, desk_, store_, clock_, *base_.log, base_.settings,
                                   base_.programs.dumper, base_.paths.root,
                                   [this] { analyses_.wake(); }}};
  ProcessWatch processes_{{io_, desk_, attachments_, live_captures_, clock_, *base_.log,
                           base_.settings, base_.programs.service, base_.paths.dumps(),
                           [this] { after_look(); }}};
  Inbox inbox_{{folder_, desk_, store_, clock_, *base_.log, base_.settings,
                [this](ProcessId pid, std::string_view name, Timestamp at) {
                  return processes_.find(pid, name, at);
                },
                [](ProcessId pid) { return running_process(pid); }}};
  Analyses analyses_{{io_, store_, desk_, clock_, *base_.log, base_.settings,
                      base_.programs.analyzer, base_.paths}};
  Actions actions_{{io_, store_, clock_, *base_.log, base_.settings, base_.programs.analyzer,
                    base_.programs.service}};
  LogNews log_news_{{desk_, clock_, *base_.log,
                     [this](const std::string& service, bool ended, Timestamp at) {
                       return find_service(service, ended, at);
                     },
                     read_wer_report}};
  EventReader events_{{io_, *base_.log, [this](const auto& events, const std::string& bookmark) {
                         return log_news_.take(events, bookmark);
                       }}};
  Janitor janitor_{{store_, clock_, *base_.log, base_.settings, base_.paths.root,
                    [this]() -> const rules::RuleSet& { return desk_.rules(); },
                    [this] { return rule_folder_.is_whole(); }, uptime}};
  ProcessTracing tracing_{{io_, *base_.log, base_.settings.poll_interval,
                           [this](const auto& event) { processes_.take_event(event); }}};
  std::unique_ptr<FolderWatch> inbox_watch_, rules_watch_;
  asio::steady_timer scan_timer_{io_}, reload_timer_{io_}, sweep_timer_{io_};
  asio::windows::object_handle stop_requested_{io_};
  bool scan_is_soon_ = false;
  bool stopping_ = false;
};

Status Agent::recover() {
  const store::Store::FileProbe files{
      .dump_size = [this](const std::string& dump_file) -> std::optional<std::uint64_t> {
        std::error_code error;
        const auto size =
            std::filesystem::file_size(base_.paths.root / path_from_utf8(dump_file), error);
        return error ? std::nullopt : std::optional<std::uint64_t>(size);
      },
      .in_inbox =
          [this](const std::string& inbox_file) {
            std::error_code error;
            const auto inbox = platform::verbatim_path(base_.paths.inbox());
            return std::filesystem::exists(inbox / path_from_utf8(inbox_file), error);
          }};
  VIGIL_TRY_ASSIGN(const auto recovery,
                   store_.recover(files, base_.settings.analysis_attempts, clock_.now()));
  for (const auto& note : recovery.notes) base_.log->info("recovered: {}", note);
  return {};
}

Status Agent::start() {
  options_.on_starting("store");
  VIGIL_TRY(recover());
  options_.on_starting("rules");
  desk_.use_rules(rule_folder_.load(desk_.rules(), clock_.now()));
  registrations_.apply(desk_.rules());
  options_.on_starting("processes");
  if (!platform::enable_privilege(L"SeDebugPrivilege")) {
    base_.log->warn("without the debug privilege only processes of this account can be watched");
  }
  VIGIL_TRY_ASSIGN(inbox_watch_, FolderWatch::open(io_.get_executor(), base_.paths.inbox()));
  VIGIL_TRY_ASSIGN(rules_watch_, FolderWatch::open(io_.get_executor(), base_.paths.rules_folder()));
  VIGIL_TRY(processes_.start());
  tracing_.start();
  HANDLE stop_event = nullptr;
  if (::DuplicateHandle(::GetCurrentProcess(), options_.stop_requested, ::GetCurrentProcess(),
                        &stop_event, SYNCHRONIZE, FALSE, 0) == FALSE) {
    return platform::from_last_error("cannot wait for a request to stop");
  }
  stop_requested_.assign(stop_event);
  spawn(io_, await_stop());
  spawn(io_, watch_inbox());
  spawn(io_, scan_when_due());
  spawn(io_, sweep_again());
  spawn(io_, watch_rules());
  spawn(io_, reload_when_due());
  analyses_.start();
  kernel_captures_.start();
  actions_.start();
  VIGIL_TRY_ASSIGN(auto bookmark, store_.bookmark());
  events_.start(std::move(bookmark));
  return {};
}

void Agent::run() {
  io_.run();
  // What is under way now ends by itself, or is left to the next start.
  io_.restart();
  io_.run_for(kStopPatience);
  if (attachments_.count() > 0) {
    base_.log->warn("{} dumpers have not let go yet; they will, now that their input is closed",
                    attachments_.count());
  }
}

asio::awaitable<void> Agent::await_stop() {
  co_await stop_requested_.async_wait(kAwait);
  stop();
  io_.stop();
}

void Agent::stop() {
  options_.on_stopping();
  stopping_ = true;
  tracing_.stop();
  events_.stop();
  processes_.stop();
  slots_.stop();
  attachments_.stop();
  live_captures_.stop();
  kernel_captures_.stop();
  analyses_.stop();
  actions_.stop();
  inbox_watch_->close();
  rules_watch_->close();
  scan_timer_.cancel();
  reload_timer_.cancel();
  sweep_timer_.cancel();
}

/// Of what is told at once: what comes late says nothing of the moment that is over.
std::string Agent::circumstances(const store::Signal& signal) {
  constexpr Microseconds kFresh = std::chrono::seconds(10);
  if (!signal.process_start || clock_.now() - signal.at > kFresh) return {};
  auto circumstances = processes_.circumstances({signal.pid, *signal.process_start});
  for (auto& trouble : log_news_.troubles()) {
    circumstances.log.push_back({trouble.at, std::string(eventlog::level_name(trouble.level)),
                                 std::move(trouble.channel), std::move(trouble.provider),
                                 trouble.event_id, std::move(trouble.text)});
  }
  return to_json(circumstances);
}

/// Events name a service by its key or as people see it.
std::optional<LogNews::ServiceProcess> Agent::find_service(const std::string& name,
                                                           bool ended,
                                                           Timestamp at) const {
  const auto find = [&](std::string_view key) {
    auto found = ended ? processes_.ended_with(key, at) : processes_.running(key);
    // Its end may be known to nobody yet: the next look will see that it is gone.
    if (found || !ended) return found;
    found = processes_.running(key);
    return found && found->key.start < at ? found : std::nullopt;
  };
  if (auto found = find(name)) return found;
  const auto key = platform::service_key(name);
  return key.empty() ? std::nullopt : find(key);
}

void Agent::after_look() {
  if (desk_.retire_rules()) {
    base_.log->info("a rule has expired; {} in force", counted(desk_.rules().rules.size(), "rule"));
    registrations_.apply_local_dumps(desk_.rules());
    processes_.apply_rules();
  }
  desk_.retry_untold();
  const auto done = desk_.skip_overdue();
  if (!done.ok())
    base_.log->error("cannot give up on rows without a dump: {}", done.error().message());
}

void Agent::scan_inbox_soon() {
  if (std::exchange(scan_is_soon_, true)) return;
  scan_timer_.expires_after(kInboxDelay);
}

asio::awaitable<void> Agent::watch_inbox() {
  while (co_await inbox_watch_->changed()) scan_inbox_soon();
  if (!stopping_)
    base_.log->warn("changes of the inbox are not told any more; it is looked at every {} s",
                    kInboxAnyway.count());
}

asio::awaitable<void> Agent::scan_when_due() {
  scan_inbox_soon();
  while (!stopping_) {
    const auto [error] = co_await scan_timer_.async_wait(kAwait);
    if (error) continue;  // it was set to an earlier moment, or the service stops
    scan_inbox();
  }
}

void Agent::scan_inbox() {
  scan_is_soon_ = false;
  const auto outcome = inbox_.scan();
  if (outcome.captured > 0) analyses_.wake();
  if (scan_is_soon_) return;
  scan_timer_.expires_after(outcome.waiting
                                ? std::chrono::steady_clock::duration(base_.settings.poll_interval)
                                : std::chrono::steady_clock::duration(kInboxAnyway));
}

/// The first time not while everything else starts.
asio::awaitable<void> Agent::sweep_again() {
  auto pause = kFirstSweep;
  while (!stopping_) {
    sweep_timer_.expires_after(pause);
    const auto [error] = co_await sweep_timer_.async_wait(kAwait);
    if (error) co_return;
    const auto more = janitor_.sweep();
    if (!more.ok()) base_.log->error("cannot remove what is old: {}", more.error().message());
    pause = more.ok() && *more ? kNextSweep : kSweepAgain;
  }
}

asio::awaitable<void> Agent::watch_rules() {
  while (co_await rules_watch_->changed()) reload_timer_.expires_after(kRulesDelay);
  if (!stopping_)
    base_.log->warn("changes of rules are not told any more; they are seen at the next start");
}

asio::awaitable<void> Agent::reload_when_due() {
  reload_timer_.expires_at(asio::steady_timer::time_point::max());
  while (!stopping_) {
    const auto [error] = co_await reload_timer_.async_wait(kAwait);
    if (error) continue;  // as in scan_when_due()
    reload_timer_.expires_at(asio::steady_timer::time_point::max());
    desk_.use_rules(rule_folder_.load(desk_.rules(), clock_.now()));
    registrations_.apply_local_dumps(desk_.rules());
    processes_.apply_rules();
  }
}

ExitCode run_with_log(Foundation foundation, const AgentOptions& options) {
  auto& log = *foundation.log;
  auto store = check_the_rest(foundation, options);
  if (!store.ok()) {
    log.error("cannot start: {}", store.error().message());
    return exit_code_for(store.error().code());
  }
  log.info("vigil-service {} starts with {}", kVersion, utf8_from_path(foundation.paths.root));
  Agent agent(std::move(foundation), std::move(store).take(), options);
  if (const auto started = agent.start(); !started.ok()) {
    log.error("cannot start: {}", started.error().message());
    return exit_code_for(started.error().code());
  }
  options.on_running();
  log.info("vigil-service runs");
  try {
    agent.run();
  } catch (const std::exception& e) {
    log.critical("a part of the service has failed: {}", e.what());
    return ExitCode::Failed;
  }
  log.info("vigil-service has stopped");
  return ExitCode::Ok;
}

}  // namespace

ExitCode run_agent(const AgentOptions& options) {
  auto foundation = lay_foundation(options);
  if (!foundation.ok()) {
    say_without_log(options, foundation.error().message());
    return exit_code_for(foundation.error().code());
  }
  auto settings = settings::load_settings(foundation->paths.settings_file());
  if (settings.ok()) foundation->settings = *settings;
  auto log = open_log(foundation->paths.logs(), foundation->settings, options.console);
  if (!log.ok()) {
    say_without_log(options, log.error().message());
    return exit_code_for(log.error().code());
  }
  foundation->log = std::move(log).take();
  if (!settings.ok()) {
    foundation->log->error("cannot start: {}", settings.error().message());
    return ExitCode::Usage;
  }
  return run_with_log(std::move(foundation).take(), options);
}

}  // namespace vigil::service
