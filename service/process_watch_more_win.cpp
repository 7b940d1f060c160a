// SPDX-License-Identifier: Apache-2.0
// What ProcessWatch asks for besides the process table: services, windows, wait chains, accounts,
// event tracing.
#include <algorithm>
#include <utility>

#include "base/utf.h"
#include "platform/win/account.h"
#include "platform/win/version.h"
#include "platform/win/wait_chain.h"
#include "process_watch.h"
#include "uptime.h"

namespace vigil::service {
namespace {

/// How often what a limit has held back is looked at again, and how much of it at once.
constexpr Microseconds kHeldBackEvery = std::chrono::seconds(10);
constexpr std::size_t kMaxHeldBackAsked = 16;

}  // namespace

void ProcessWatch::measure() {
  const auto now = uptime();
  look_at_services(now);
  look_at_windows(now);
  const bool continuous = sampler_.look({now, parts_.clock.now()}, rows_);
  ask_probes();
  counters_.want(triggers_.counters());
  for (const auto& firing : triggers_.look(now, sampler_, continuous)) capture(firing);
  capture_held_back(now);
}

void ProcessWatch::capture(const watch::Firing& firing) {
  const auto process = processes_.find(firing.process);
  if (process == processes_.end()) return;
  const bool held_back = parts_.live_captures.take(firing, process->second.facts);
  triggers_.hold_back(firing.process, firing.rule, held_back);
}

/// What a limit has held back is looked at again while it lasts: a hang that begins within a
/// cooldown is still one after it.
void ProcessWatch::capture_held_back(Microseconds now) {
  if (now < next_held_back_) return;
  next_held_back_ = now + kHeldBackEvery;
  std::size_t asked = 0;
  for (const auto& firing : triggers_.held_back()) {
    const auto process = processes_.find(firing.process);
    if (process == processes_.end()) continue;
    if (++asked > kMaxHeldBackAsked) break;
    if (!parts_.desk.is_held_back(firing.rule, process->second.facts)) capture(firing);
  }
}

void ProcessWatch::ask_probes() {
  const auto probes = triggers_.probes();
  warn_of_wait_chains(probes);
  std::erase_if(unanswered_, [&](const rules::Probe& probe) {
    return !std::ranges::binary_search(probes, probe);
  });
  const auto not_asked = probes_.want(probes);
  if (!std::exchange(too_many_probes_, not_asked > 0) && not_asked > 0) {
    parts_.log.warn(
        "rules ask {} questions of processes, and {} of them are not asked: see hangs in "
        "rules.md for how many there may be",
        probes.size(), not_asked);
  }
}

void ProcessWatch::take_answer(const rules::Probe& probe,
                               const ProbeAnswer& answer,
                               Microseconds asked) {
  using Verdict = ProbeAnswer::Verdict;
  if (answer.verdict == Verdict::Unknown) {
    // Said once, until it works again.
    if (unanswered_.insert(probe).second) {
      parts_.log.warn("{} cannot be asked: {}; that is taken for neither good nor bad",
                      printable_utf8(rules::describe(probe)), printable_utf8(answer.why));
    }
    return;
  }
  unanswered_.erase(probe);
  if (answer.verdict == Verdict::Good) return triggers_.answer(probe, std::nullopt, asked);
  parts_.log.debug("{}: {}", rules::describe(probe), answer.why);
  triggers_.answer(probe, answer.why, asked);
}

void ProcessWatch::read_services() {
  auto services = platform::read_service_table();
  // Said once, until it works again.
  if (!services.ok() && !std::exchange(services_failed_, true)) {
    parts_.log.warn("{}; rules that match by service match nothing", services.error().message());
  }
  if (!services.ok()) return;
  services_failed_ = false;
  take_services(std::move(services).take());
}

/// Tells those whose services have changed since they were examined.
void ProcessWatch::take_services(platform::ServiceTable services) {
  if (services == services_) return;
  services_ = std::move(services);
  for (auto& [key, process] : processes_) {
    const auto found = services_.find(key.pid);
    if (found == services_.end() || found->second == process.facts.services) continue;
    process.facts.services = found->second;
    find_out_more(process);
    if (!process.critical)
      triggers_.add(key, process.facts, uptime() - (parts_.clock.now() - key.start));
    platform::KernelHandle handle;
    if (!process.handle && parts_.desk.rules().concerns(process.facts)) {
      auto opened = platform::open_process(key);
      if (opened.ok()) handle = std::move(opened).take();
    }
    apply_rules_to(process, std::move(handle));
  }
}

/// Where a rule asks which services are overdue.
void ProcessWatch::look_at_services(Microseconds now) {
  if (!triggers_.asks_for(rules::Gauge::ServiceOverdue)) return;
  const auto services = platform::read_service_rows();
  if (!services.ok()) return;  // read_services() says so
  std::vector<watch::ServiceState> states;
  for (const auto& row : *services) {
    const bool pending =
        row.state != SERVICE_RUNNING && row.state != SERVICE_PAUSED && row.state != SERVICE_STOPPED;
    states.push_back({row.pid, row.name, pending, row.state, row.checkpoint, row.wait_hint});
  }
  pending_.look(now, states);
  for (auto& row : rows_) {
    const auto overdue =
        std::chrono::duration_cast<std::chrono::milliseconds>(pending_.overdue(row.key.pid));
    row.counters.service_overdue_ms = static_cast<std::uint32_t>(overdue.count());
  }
}

void ProcessWatch::look_at_windows(Microseconds now) {
  const bool wanted = triggers_.asks_for(rules::Gauge::WindowHung);
  helpers_.want(wanted);
  if (!wanted) return;
  for (auto& row : rows_) {
    const auto hung = windows_.hung_for(row.key.pid, now);
    if (!hung) continue;
    // Zero would say that none is.
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(*hung).count();
    row.counters.window_hung_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(ms, 1));
  }
}

/// Said once: a rule that cannot be met looks like a machine that is well.
void ProcessWatch::warn_of_wait_chains(const std::vector<rules::Probe>& probes) {
  const auto asks = [](const auto& probe) { return probe.type == rules::Probe::Type::WaitChain; };
  if (wait_chains_looked_for_ || std::ranges::none_of(probes, asks)) return;
  wait_chains_looked_for_ = true;
  const auto functions = platform::wait_chain_functions();
  if (!functions.ok())
    parts_.log.warn("{}; rules that ask for deadlocks see none", functions.error().message());
}

/// Of processes elsewhere a person's own program has nothing to tell.
void ProcessWatch::take_window_report(std::uint32_t session, const std::vector<ProcessId>& hung) {
  std::vector<ProcessId> there;
  for (const auto& row : table_.rows()) {
    if (row.session == session && std::ranges::find(hung, row.key.pid) != hung.end())
      there.push_back(row.key.pid);
  }
  windows_.report(session, uptime(), there);
}

/// What takes time to find out, where a rule's answer depends on it.
void ProcessWatch::find_out_more(Process& process) const {
  const auto& rules = parts_.desk.rules();
  auto& facts = process.facts;
  if (facts.user.empty() && rules.ask_for_user(facts)) {
    const auto user = platform::process_user(process.entry.key.pid);
    if (user.ok() && user->start == process.entry.key.start)
      facts.user = platform::account_names(user->user);
  }
  if (facts.version.empty() && rules.ask_for_version(facts))
    facts.version = platform::file_version(facts.path);
}

void ProcessWatch::take_event(const watch::ProcessEvent& event) {
  auto end = traced_.take(event);
  if (!end || watch::is_own_program(end->facts.name)) return;
  // Of a process with a handle the exit watch tells, or has told.
  const auto living = processes_.find(end->key);
  if (living != processes_.end() && living->second.handle) return;
  if (std::ranges::find(ended_, end->key, &Ended::key) != ended_.end()) return;
  if (living != processes_.end()) end->facts = living->second.facts;
  end->at = std::min(end->at, parts_.clock.now());
  remember(end->key, end->facts);
  const auto signal = watch::exit_signal(*end, parts_.desk.rules(), holds(end->key));
  if (signal && may_tell_of_traced()) parts_.desk.tell(*signal);
}

bool ProcessWatch::may_tell_of_traced() {
  const std::string all;  // whoever they run as
  const auto now = parts_.clock.now();
  if (!traced_limit_.is_used_up(all, now)) {
    traced_limit_.count(all, now);
    return true;
  }
  if (traced_limit_.is_first_refusal(all, now))
    parts_.log.warn(
        "{} processes that no look has seen have ended badly within an hour; further "
        "ones are not recorded",
        HourlyLimit::kPerHour);
  return false;
}

}  // namespace vigil::service
