// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/utf.h"
#include "coroutines.h"
#include "dumper_run.h"
#include "inbox.h"
#include "inbox_names.h"
#include "live_captures.h"
#include "platform/platform.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

/// What a process did a minute ago its dump does not tell any more.
constexpr Microseconds kSlotPatience = std::chrono::minutes(1);

std::string shown(const Verdict& verdict, const store::Signal& signal) {
  return fmt::format("#{} {} ({})", verdict.id.value, printable_utf8(signal.process),
                     signal.pid.value);
}

/// `…/12-OrdersApi.exe-1234-2.dmp.zst`, beside the dump that \p name is.
std::string sample_file_name(std::string_view name, std::uint32_t number) {
  name.remove_suffix(kCompressedSuffix.size());
  return fmt::format("{}-{}{}", name, number, kCompressedSuffix);
}

/// Stacks are what is compared. Whoever wanted nothing secret in the dump wants it of none.
rules::DumpKind sample_kind(rules::DumpKind dump) {
  return dump == rules::DumpKind::Triage ? dump : rules::DumpKind::Mini;
}

}  // namespace

bool LiveCaptures::take(const watch::Firing& firing, const rules::ProcessFacts& facts) {
  if (stopping_) return false;
  // What the dumper holds uses less: it is one occasion, and not the next one.
  if (sampled_.contains({firing.process, firing.rule})) {
    parts_.log.info("{} ({}): {}, while samples of it are taken for that",
                    printable_utf8(facts.name), firing.process.pid.value, firing.detail);
    return false;
  }
  store::Signal signal;
  signal.source = store::Source::Sampler;
  signal.kind = firing.kind;
  signal.at = parts_.clock.now();
  signal.pid = firing.process.pid;
  signal.process_start = firing.process.start;
  signal.process = facts.name;
  signal.path = facts.path;
  signal.command_line = facts.command_line;
  signal.detail = firing.detail;
  auto verdict = parts_.desk.take_threshold(signal, firing.rule);
  if (!verdict.ok()) {
    parts_.log.error("{} ({}): {}, not recorded: {}", printable_utf8(facts.name),
                     firing.process.pid.value, firing.detail, verdict.error().message());
    return true;
  }
  if (verdict->decision.dump == rules::DumpKind::None) return verdict->decision.limited;
  parts_.desk.expect_dump(verdict->id,
                          parts_.clock.now() + kSlotPatience + parts_.settings.capture_timeout);
  spawn(parts_.io, capture(std::move(verdict).take(), std::move(signal)));
  return false;
}

asio::awaitable<void> LiveCaptures::capture(Verdict verdict, store::Signal signal) {
  const std::pair occasion(ProcessKey{signal.pid, signal.process_start.value_or(Timestamp{})},
                           verdict.decision.rule);
  const bool lasts = verdict.decision.samples.count > 1;
  if (lasts) sampled_.insert(occasion);
  co_await take_dumps(verdict, signal);
  if (lasts) sampled_.erase(occasion);
}

asio::awaitable<void> LiveCaptures::take_dumps(const Verdict& verdict,
                                               const store::Signal& signal) {
  if (!co_await parts_.slots.take(kSlotPatience)) {
    give_up(verdict, signal, no_slot());
    co_return;
  }
  const auto name =
      dump_file_name(verdict.id, signal.process, signal.pid, signal.at, kCompressedSuffix);
  const auto bytes = co_await write_dump(verdict, signal, name);
  parts_.slots.give_back();
  parts_.desk.stop_expecting(verdict.id);
  if (!bytes.ok()) {
    give_up(verdict, signal, bytes.error());
    co_return;
  }
  co_await take_samples(verdict, signal, name);
  const auto ready = parts_.store.dump_ready(verdict.id, *bytes, parts_.clock.now());
  if (ready.ok()) {
    parts_.on_captured();
  } else {
    give_up(verdict, signal, ready.error());
  }
}

asio::awaitable<Result<std::uint64_t>> LiveCaptures::write_dump(const Verdict& verdict,
                                                                const store::Signal& signal,
                                                                const std::string& name) {
  if (auto made = platform::create_folders(path_of(name).parent_path()); !made.ok())
    co_return made.error();
  if (auto begun = parts_.store.begin_capture(verdict.id, {}, name, parts_.clock.now());
      !begun.ok()) {
    co_return begun.error();
  }
  const Wanted wanted{.id = verdict.id,
                      .dump = verdict.decision.dump,
                      .manner = verdict.decision.manner,
                      .file = name,
                      .rule = verdict.decision.rule,
                      .reason = signal.detail};
  const auto said = co_await run_dumper(wanted, signal);
  if (!said.ok()) co_return said.error();
  if (const auto cut = said->find(capture::kBudgetUsedUp); cut != std::string::npos) {
    if (auto noted = parts_.store.add_to_decision(verdict.id, said->substr(cut)); !noted.ok())
      co_return noted.error();
  }
  std::error_code error;
  const std::uint64_t bytes = std::filesystem::file_size(path_of(name), error);
  if (error) co_return Error{Errc::Io, fmt::format("{}: {}", name, error.message())};
  parts_.log.info("{}: captured {}: {}", shown(verdict, signal), name, *said);
  co_return bytes;
}

/// Fewer than were asked for are better than none: what ends them early is said in the row.
asio::awaitable<void> LiveCaptures::take_samples(const Verdict& verdict,
                                                 const store::Signal& signal,
                                                 const std::string& name) {
  const auto& samples = verdict.decision.samples;
  for (std::uint32_t number = 2; number <= samples.count; ++number) {
    co_await pause(samples.every);
    const auto taken =
        co_await take_sample(verdict, signal, sample_file_name(name, number), number);
    if (taken.ok()) continue;
    const auto words =
        fmt::format("{} of {} samples: {}", number - 1, samples.count, taken.error().message());
    parts_.log.warn("{}: {}", shown(verdict, signal), words);
    if (const auto noted = parts_.store.add_to_decision(verdict.id, words); !noted.ok())
      parts_.log.error("#{}: {}", verdict.id.value, noted.error().message());
    co_return;
  }
}

asio::awaitable<Status> LiveCaptures::take_sample(const Verdict& verdict,
                                                  const store::Signal& signal,
                                                  const std::string& name,
                                                  std::uint32_t number) {
  if (stopping_) co_return Error{Errc::Busy, "the service was stopped"};
  // In between the slot is somebody else's: samples may be far apart.
  if (!co_await parts_.slots.take(kSlotPatience)) co_return no_slot();
  const auto now = parts_.clock.now();
  auto begun = parts_.store.begin_sample(verdict.id, number, name, now);
  if (!begun.ok()) {
    parts_.slots.give_back();
    co_return begun;
  }
  Wanted wanted{.id = verdict.id,
                .dump = sample_kind(verdict.decision.dump),
                .manner = verdict.decision.manner,
                .file = name,
                .rule = verdict.decision.rule,
                .reason = fmt::format("sample {}: {}", number, signal.detail)};
  wanted.manner.custom = 0;
  const auto said = co_await run_dumper(wanted, signal);
  parts_.slots.give_back();
  std::error_code error;
  const auto bytes = said.ok() ? std::filesystem::file_size(path_of(name), error) : 0;
  if (said.ok() && !error) co_return parts_.store.sample_ready(verdict.id, number, bytes);
  if (auto dropped = parts_.store.drop_sample(verdict.id, number); !dropped.ok()) co_return dropped;
  if (!said.ok()) co_return said.error();
  co_return Error{Errc::Io, fmt::format("{}: {}", name, error.message())};
}

asio::awaitable<Result<std::string>> LiveCaptures::run_dumper(const Wanted& wanted,
                                                              const store::Signal& signal) {
  auto run = DumperRun::start(parts_.io, parts_.dumper,
                              {.pid = signal.pid,
                               .dump = wanted.dump,
                               .manner = wanted.manner,
                               .output = path_of(wanted.file),
                               .process_start = signal.process_start,
                               .rule = wanted.rule,
                               .reason = wanted.reason,
                               .occasion = signal.kind,
                               .supervised = true,
                               .min_free_disk_bytes = parts_.settings.min_free_disk_bytes});
  if (!run.ok()) co_return std::move(run).take_error();
  running_.emplace(wanted.id, run->get());
  if (stopping_) (*run)->give_up();
  auto said = co_await (*run)->finish(parts_.settings.capture_timeout);
  running_.erase(wanted.id);
  co_return said;
}

/// Until \p time has passed, or the service is to stop.
asio::awaitable<void> LiveCaptures::pause(Microseconds time) {
  if (stopping_) co_return;
  asio::steady_timer timer(parts_.io, time);
  pausing_.insert(&timer);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  pausing_.erase(&timer);
}

std::filesystem::path LiveCaptures::path_of(const std::string& name) const {
  return parts_.data_folder / path_from_utf8(name).make_preferred();
}

Error LiveCaptures::no_slot() const {
  return {Errc::Busy, fmt::format("{} captures are under way, which is capture.max_concurrent",
                                  parts_.slots.taken())};
}

void LiveCaptures::give_up(const Verdict& verdict, const store::Signal& signal, const Error& why) {
  parts_.desk.stop_expecting(verdict.id);
  parts_.log.warn("{}: no dump: {}", shown(verdict, signal), why.message());
  const auto skipped =
      parts_.store.skip(verdict.id, fmt::format("no dump: {}", why.message()), parts_.clock.now());
  if (!skipped.ok()) parts_.log.error("#{}: {}", verdict.id.value, skipped.error().message());
}

void LiveCaptures::stop() {
  stopping_ = true;
  for (auto& [id, run] : running_) run->give_up();
  for (auto* timer : pausing_) timer->cancel();
}

}  // namespace vigil::service
