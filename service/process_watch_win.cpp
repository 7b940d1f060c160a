// SPDX-License-Identifier: Apache-2.0
#include "process_watch.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/utf.h"
#include "coroutines.h"
#include "platform/win/device_path.h"
#include "platform/win/machine.h"
#include "uptime.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

/// Of how many processes what was known of them is kept after their end: dumps come late.
constexpr std::size_t kMaxEnded = 1024;

/// A process that starts is told to the service manager a moment later.
constexpr int kServiceLooks = 5;

watch::TableRow measured(const platform::ProcessRow& row) {
  return {row.key,
          {.cpu = row.cpu,
           .private_bytes = row.private_bytes,
           .working_set = row.working_set,
           .io_bytes = row.io_bytes,
           .handles = row.handles,
           .threads = row.threads,
           .context_switches = row.context_switches}};
}

bool runs(const rules::ProcessFacts& process, std::string_view service) {
  return std::ranges::any_of(process.services, [wanted = ascii_lower(service)](const auto& name) {
    return ascii_lower(name) == wanted;
  });
}

}  // namespace

ProcessWatch::ProcessWatch(Parts parts)
    : parts_(std::move(parts)),
      timer_(parts_.io),
      triggers_(platform::processor_count()),
      probes_(parts_.io,
              ask,
              [this](const auto& probe, const auto& answer, Microseconds asked) {
                take_answer(probe, answer, asked);
              }),
      traced_(platform::dos_path_of),
      helpers_(
          {parts_.io, parts_.log, parts_.service_program,
           [this](std::uint32_t session, const auto& hung) { take_window_report(session, hung); },
           [this](std::uint32_t session) { windows_.forget(session); }}),
      counters_({parts_.io, parts_.log, parts_.service_program,
                 [this](const watch::CounterTarget& counter, std::uint64_t thousandths) {
                   triggers_.count(counter, thousandths, uptime());
                 }}) {}

Status ProcessWatch::start() {
  triggers_.use_rules(parts_.desk.rules());
  VIGIL_TRY(look());
  spawn(parts_.io, look_again());
  return {};
}

void ProcessWatch::stop() {
  stopping_ = true;
  timer_.cancel();
  probes_.stop();
  helpers_.stop();
  counters_.stop();
  for (auto& [key, process] : processes_) {
    boost::system::error_code ignored;  // cancelling a wait that is over is fine
    if (process.handle) process.handle->cancel(ignored);
  }
}

asio::awaitable<void> ProcessWatch::look_again() {
  while (!stopping_) {
    timer_.expires_after(parts_.settings.poll_interval);
    const auto [error] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error || stopping_) co_return;
    const auto looked = look();
    // Said once, until it works again.
    if (!looked.ok() && !std::exchange(look_failed_, true)) {
      parts_.log.error("{}; processes that start now are not watched", looked.error().message());
    } else if (looked.ok() && std::exchange(look_failed_, false)) {
      parts_.log.info("the process table can be read again");
    }
    parts_.after_look();
  }
}

Status ProcessWatch::look() {
  using Switches = platform::ProcessTable::Switches;
  const bool count = triggers_.asks_for(rules::Gauge::Stalled);
  VIGIL_TRY_ASSIGN(const auto table, table_.read(count ? Switches::Count : Switches::Leave));
  rows_.clear();
  for (const auto& row : table) rows_.push_back(measured(row));
  const auto changes = tracker_.update(rows_, [&](std::size_t row) { return table[row].name(); });
  for (const auto& entry : changes.ended) {
    triggers_.end(entry.key);
    const auto gone = processes_.find(entry.key);
    // A watched one is removed when its handle has told of its end.
    if (gone == processes_.end() || gone->second.handle) continue;
    if (!gone->second.facts.services.empty()) remember(entry.key, gone->second.facts);
    processes_.erase(gone);
  }
  if (!changes.started.empty()) service_looks_ = kServiceLooks;
  if (service_looks_ > 0) {
    --service_looks_;
    read_services();
  }
  for (const auto& entry : changes.started) examine(entry);
  // A dumper may have failed because that of a service before this one had not let go yet.
  for (auto& [key, process] : processes_) {
    if (process.wants_dumper && !parts_.attachments.is_attached(key)) apply_rules_to(process, {});
  }
  measure();
  return {};
}

void ProcessWatch::examine(const watch::ProcessEntry& entry) {
  if (watch::is_own_program(entry.name)) return;
  Process process{
      entry, {entry.name, {}, {}}, watch::is_critical_process(entry.name), false, nullptr};
  auto handle = platform::open_process(entry.key);
  if (!handle.ok()) {
    if (handle.error().code() == Errc::NotFound) return;  // it was quicker
    // Protected processes keep everybody out; there is nothing to be done about it.
    parts_.log.debug("{}: {}", printable_utf8(entry.name), handle.error().message());
    processes_.insert_or_assign(entry.key, std::move(process));
    return;
  }
  auto details = platform::process_details(handle->get(), entry.key.pid);
  process.facts.path = std::move(details.path);
  process.facts.command_line = std::move(details.command_line);
  if (const auto service = services_.find(entry.key.pid); service != services_.end())
    process.facts.services = service->second;
  find_out_more(process);
  process.critical = process.critical || platform::is_marked_critical(handle->get());
  const auto [place, is_new] = processes_.insert_or_assign(entry.key, std::move(process));
  // What may not be stopped is not measured either: nothing could be done about it.
  if (!place->second.critical) {
    const auto age = parts_.clock.now() - entry.key.start;
    triggers_.add(entry.key, place->second.facts, uptime() - age);
  }
  apply_rules_to(place->second, std::move(handle).take());
}

void ProcessWatch::apply_rules() {
  triggers_.use_rules(parts_.desk.rules());
  for (auto& [key, process] : processes_) {
    const auto before = std::pair(process.facts.user, process.facts.version);
    find_out_more(process);
    if (!process.critical && before != std::pair(process.facts.user, process.facts.version))
      triggers_.add(key, process.facts, uptime() - (parts_.clock.now() - key.start));
    platform::KernelHandle handle;
    if (!process.handle && parts_.desk.rules().concerns(process.facts)) {
      auto opened = platform::open_process(key);
      if (opened.ok()) handle = std::move(opened).take();
    }
    apply_rules_to(process, std::move(handle));
  }
}

/// \p handle is one that may be kept, or none.
void ProcessWatch::apply_rules_to(Process& process, platform::KernelHandle handle) {
  const auto& rules = parts_.desk.rules();
  const auto key = process.entry.key;
  if (!rules.concerns(process.facts)) {
    if (process.handle) {
      boost::system::error_code ignored;  // as in stop()
      process.handle->cancel(ignored);
    }
    process.wants_dumper = false;
    parts_.attachments.release(key);
    return;
  }
  if (!process.handle && handle) {
    process.handle = std::make_unique<asio::windows::object_handle>(parts_.io, handle.release());
    spawn(parts_.io, await_end(key));
  }
  const auto* rule = process.critical ? nullptr : rules.find_attach(process.facts);
  process.wants_dumper = rule != nullptr;
  if (rule != nullptr) {
    parts_.attachments.want(key, process.facts, *rule);
  } else {
    parts_.attachments.release(key);
  }
}

asio::awaitable<void> ProcessWatch::await_end(ProcessKey key) {
  for (;;) {
    const auto found = processes_.find(key);
    if (found == processes_.end()) co_return;
    auto& process = found->second;
    const auto [error] = co_await process.handle->async_wait(asio::as_tuple(asio::use_awaitable));
    if (stopping_) co_return;
    if (!error) break;
    if (!parts_.desk.rules().concerns(process.facts)) {
      process.handle.reset();
      co_return;
    }
    // The rules changed twice: it is of concern again.
  }
  ended(key);
}

void ProcessWatch::ended(ProcessKey key) {
  const auto found = processes_.find(key);
  if (found == processes_.end()) return;
  const auto process = std::move(found->second);
  processes_.erase(found);
  parts_.attachments.ended(key);
  const auto code = platform::exit_code(process.handle->native_handle());
  if (!code.ok()) {
    parts_.log.warn("{} ({}) has ended: {}", printable_utf8(process.facts.name), key.pid.value,
                    code.error().message());
    return;
  }
  parts_.log.debug("{} ({}) has ended with {:#x}", printable_utf8(process.facts.name),
                   key.pid.value, *code);
  remember(key, process.facts);
  const watch::ProcessEnd end{key, process.facts, *code, parts_.clock.now()};
  if (const auto signal = watch::exit_signal(end, parts_.desk.rules(), holds(key)))
    parts_.desk.tell(*signal);
}

std::optional<KnownProcess> ProcessWatch::find(ProcessId pid,
                                               std::string_view name,
                                               Timestamp at) const {
  const auto entry = tracker_.find(pid, name, at);
  if (!entry) return std::nullopt;
  KnownProcess known{entry->key.start, {entry->name, {}, {}}};
  const auto process = processes_.find(entry->key);
  if (process != processes_.end()) known.facts = process->second.facts;
  return known;
}

void ProcessWatch::remember(const ProcessKey& key, rules::ProcessFacts facts) {
  ended_.push_back({key, std::move(facts), parts_.clock.now()});
  while (ended_.size() > kMaxEnded) ended_.pop_front();
}

std::optional<rules::ProcessFacts> ProcessWatch::facts(const ProcessKey& key) const {
  const auto living = processes_.find(key);
  if (living != processes_.end()) return living->second.facts;
  const auto ended = std::ranges::find(ended_, key, &Ended::key);
  return ended == ended_.end() ? std::nullopt : std::optional(ended->facts);
}

std::optional<LogNews::ServiceProcess> ProcessWatch::running(std::string_view service) const {
  for (const auto& [key, process] : processes_) {
    if (runs(process.facts, service)) return LogNews::ServiceProcess{key, process.facts};
  }
  return std::nullopt;
}

std::optional<LogNews::ServiceProcess> ProcessWatch::ended_with(std::string_view service,
                                                                Timestamp at) const {
  // The service manager tells at once; of an end that nobody waits for the next look tells.
  constexpr Microseconds kNear = std::chrono::seconds(15);
  for (const auto& process : ended_ | std::views::reverse) {
    if (process.at >= at - kNear && process.at <= at + kNear && runs(process.facts, service))
      return LogNews::ServiceProcess{process.key, process.facts};
  }
  return std::nullopt;
}

report::Circumstances ProcessWatch::circumstances(const ProcessKey& key) const {
  return circumstances_of(key, {sampler_, table_, parts_.dumps}, parts_.clock.now());
}

std::size_t ProcessWatch::watched() const noexcept {
  std::size_t count = 0;
  for (const auto& [key, process] : processes_) {
    if (process.handle) ++count;
  }
  return count;
}

}  // namespace vigil::service
