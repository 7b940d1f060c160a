// SPDX-License-Identifier: Apache-2.0
#include "actions.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "base/exit_code.h"
#include "base/utf.h"
#include "coroutines.h"
#include "options.h"
#include "platform/win/machine.h"
#include "platform/win/sandbox.h"
#include "platform/win/security.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

/// Of what waits for reports: one that waits for a server must not hold up all others.
constexpr int kWorkersAtEnd = 2;
constexpr std::chrono::seconds kLookAgain{2};

constexpr std::uint64_t kMemory = std::uint64_t{256} << 20;
constexpr std::size_t kOutputBytes = 64 * 1024;
/// Of one message; and of stopping and starting a service beyond the time that it has to stop.
constexpr Microseconds kSendTimeout = std::chrono::seconds(40);
constexpr Microseconds kRestartMore = std::chrono::seconds(120);
/// More than sending a message takes; the others are not claimed twice.
constexpr Microseconds kLease = std::chrono::minutes(5);
/// Of what a child says, for a line of the log.
constexpr std::size_t kMaxWords = 1024;

/// What a row of the store says, which this program wrote.
rules::Action::Kind kind_of(const store::Action& action) {
  using Kind = rules::Action::Kind;
  for (const auto kind : {Kind::Webhook, Kind::Restart})
    if (rules::to_string(kind) == action.kind) return kind;
  return Kind::Run;
}

std::string first_line(std::string_view text) {
  text = text.substr(0, text.find_first_of("\r\n"));
  for (const std::string_view program : {"vigil: ", "vigil-service: "})
    if (text.starts_with(program)) text.remove_prefix(program.size());
  return printable_utf8(text.substr(0, kMaxWords));
}

}  // namespace

void Actions::start() {
  // Restarts one after the other: two of one service would stop what the first has started.
  spawn(parts_.io, work(false));
  for (int i = 0; i < kWorkersAtEnd; ++i) spawn(parts_.io, work(true));
}

void Actions::stop() {
  stopping_ = true;
  for (auto* timer : sleeping_) timer->cancel();
  for (auto* run : running_) run->kill();
}

asio::awaitable<void> Actions::work(bool at_end) {
  while (!stopping_) {
    const auto now = parts_.clock.now();
    auto claimed = parts_.store.claim_action(at_end, now, now + kLease);
    if (claimed.ok() && *claimed) {
      claim_failed_ = false;
      co_await perform(std::move(**claimed));
      continue;
    }
    if (!claimed.ok() && !std::exchange(claim_failed_, true))
      parts_.log.error("cannot see what is to be done: {}", claimed.error().message());
    asio::steady_timer pause(parts_.io, kLookAgain);
    sleeping_.insert(&pause);
    co_await pause.async_wait(kAwait);
    sleeping_.erase(&pause);
  }
}

asio::awaitable<void> Actions::perform(store::Action action) {
  const auto capture = parts_.store.get(action.capture);
  const auto spec = parse_spec(action.spec);
  Outcome outcome;
  if (!capture.ok()) {
    outcome.words = capture.error().message();
  } else if (!spec.ok()) {
    outcome.words = spec.error().message();
  } else if (auto why = why_not_now(action); !why.empty()) {
    outcome.words = std::move(why);
  } else {
    outcome = co_await attempt(action, *spec, *capture);
  }
  // What a stop of the service cut short is found in the store at the next start: a message is sent
  // then, the others have failed.
  if (outcome.done || !stopping_) note(action, outcome);
}

asio::awaitable<Actions::Outcome> Actions::attempt(const store::Action& action,
                                                   const ActionSpec& spec,
                                                   const store::Capture& capture) {
  auto run = begin(action, spec, capture);
  if (!run.ok()) co_return Outcome{false, run.error().message()};
  running_.insert(run->get());
  const auto output = co_await (*run)->finish();
  running_.erase(run->get());
  if (!output.ok()) co_return Outcome{false, output.error().message()};
  const bool done = output->exit_code == static_cast<std::uint32_t>(ExitCode::Ok);
  auto words = first_line(done ? output->text : output->complaint);
  if (done && kind_of(action) == rules::Action::Kind::Restart && !words.ends_with(kRunsAgain))
    restarts_[spec.services.front()].push_back(parts_.clock.now());
  if (words.empty()) words = fmt::format("exit code {}", output->exit_code);
  co_return Outcome{done, std::move(words)};
}

std::string Actions::why_not_now(const store::Action& action) const {
  if (!is_allowed(kind_of(action), parts_.settings)) return "the settings do not allow it any more";
  // A message is sent once at least, however long its report took.
  const bool is_late = parts_.clock.now() > action.give_up_at;
  return is_late && kind_of(action) != rules::Action::Kind::Webhook ? "it is too late for it" : "";
}

Result<std::unique_ptr<LimitedRun>> Actions::begin(const store::Action& action,
                                                   const ActionSpec& spec,
                                                   const store::Capture& capture) {
  switch (kind_of(action)) {
    case rules::Action::Kind::Webhook: return begin_message(spec, capture);
    case rules::Action::Kind::Restart: return begin_restart(spec, capture);
    case rules::Action::Kind::Run: return begin_program(spec, capture);
  }
  return Error{Errc::Malformed, "nobody knows what is to be done"};
}

Result<std::unique_ptr<LimitedRun>> Actions::begin_message(const ActionSpec& spec,
                                                           const store::Capture& capture) {
  platform::ChildOptions options;
  options.program = parts_.vigil;
  options.arguments = {"deliver"};
  // On a command line every user of the machine could read the URL, which is often a secret.
  const nlohmann::json input = {{"url", spec.target},
                                {"body", message_of(capture, platform::machine_name())}};
  VIGIL_TRY_ASSIGN(auto job, platform::create_sandbox_job({kMemory, kSendTimeout}));
  return LimitedRun::start(parts_.io, "the message", std::move(options), std::move(job),
                           {kMemory, kSendTimeout, kOutputBytes}, input.dump());
}

Result<std::unique_ptr<LimitedRun>> Actions::begin_restart(const ActionSpec& spec,
                                                           const store::Capture& capture) {
  if (spec.services.size() != 1 || !capture.process_start) {
    return Error{Errc::NotFound, spec.services.size() > 1
                                     ? "the process runs several services: the rule must name the "
                                       "one to restart"
                                     : "the process runs no service that the rule is about"};
  }
  const auto& service = spec.services.front();
  if (!may_restart(service)) {
    return Error{Errc::LimitExceeded,
                 fmt::format("{} was restarted {} times within an hour", service, kMaxRestarts)};
  }
  platform::ChildOptions options;
  options.program = parts_.service;
  options.arguments = {std::string(kRestartOption)};
  const nlohmann::json input = {{"service", service},
                                {"pid", capture.pid.value},
                                {"start_us", capture.process_start->us},
                                {"timeout_us", spec.timeout.count()}};
  const auto limit = spec.timeout + kRestartMore;
  VIGIL_TRY_ASSIGN(auto job, platform::create_sandbox_job({kMemory, limit}));
  return LimitedRun::start(parts_.io, "the restart", std::move(options), std::move(job),
                           {kMemory, limit, kOutputBytes}, input.dump());
}

/// As somebody who may do nothing: what the program is told comes from programs that died.
Result<std::unique_ptr<LimitedRun>> Actions::begin_program(const ActionSpec& spec,
                                                           const store::Capture& capture) {
  platform::ChildOptions options;
  options.program = path_from_utf8(spec.target);
  if (auto why = platform::why_not_to_be_run(options.program); !why.empty())
    return Error{Errc::AccessDenied, std::move(why)};
  for (const auto& argument : spec.arguments)
    options.arguments.push_back(fill_in(argument, capture));
  VIGIL_TRY_ASSIGN(const auto token, platform::create_powerless_token());
  options.token = token.get();
  options.desktop = L"";  // one of its own
  options.background = true;
  VIGIL_TRY_ASSIGN(auto job, platform::create_program_job(kMemory));
  return LimitedRun::start(parts_.io, "the program", std::move(options), std::move(job),
                           {kMemory, spec.timeout, kOutputBytes, false},
                           message_of(capture, platform::machine_name()) + "\n");
}

bool Actions::may_restart(const std::string& service) {
  const auto now = parts_.clock.now();
  auto& times = restarts_[service];
  std::erase_if(times, [&](Timestamp at) {
    return now - at >= Microseconds(std::chrono::hours(1)) || at > now;  // the clock was set back
  });
  return times.size() < kMaxRestarts;
}

void Actions::note(const store::Action& action, const Outcome& outcome) {
  const auto now = parts_.clock.now();
  const bool is_webhook = kind_of(action) == rules::Action::Kind::Webhook;
  const auto next = now + pause_after(action.attempts);
  auto state = outcome.done ? store::ActionState::Done : store::ActionState::Failed;
  if (!outcome.done && is_webhook && next < action.give_up_at) state = store::ActionState::Waiting;
  const auto again = state == store::ActionState::Waiting
                         ? fmt::format("; tried again in {}", format_duration(next - now))
                         : std::string();
  const auto line =
      fmt::format("#{}: {}: {}{}", action.capture.value, action.kind, outcome.words, again);
  // A server that is away for a day must not fill the event log.
  const bool is_news = outcome.done || action.attempts == 1 || state == store::ActionState::Failed;
  parts_.log.log(!is_news       ? spdlog::level::debug
                 : outcome.done ? spdlog::level::info
                                : spdlog::level::warn,
                 "{}", line);
  const auto noted = parts_.store.finish_action(action.id, state, outcome.words, next);
  if (!noted.ok()) parts_.log.error("#{}: {}", action.capture.value, noted.error().message());
}

}  // namespace vigil::service
