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

}  // namespace

void LiveCaptures::take(const watch::Firing& firing, const rules::ProcessFacts& facts) {
  if (stopping_) return;
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
    return;
  }
  if (verdict->decision.dump == rules::DumpKind::None) return;
  parts_.desk.expect_dump(verdict->id,
                          parts_.clock.now() + kSlotPatience + parts_.settings.capture_timeout);
  spawn(parts_.io, capture(std::move(verdict).take(), std::move(signal)));
}

asio::awaitable<void> LiveCaptures::capture(Verdict verdict, store::Signal signal) {
  if (!co_await parts_.slots.take(kSlotPatience)) {
    give_up(verdict, signal,
            {Errc::Busy, fmt::format("{} captures are under way, which is capture.max_concurrent",
                                     parts_.slots.taken())});
    co_return;
  }
  const auto written = co_await write_dump(verdict, signal);
  parts_.slots.give_back();
  parts_.desk.stop_expecting(verdict.id);
  if (written.ok()) {
    parts_.on_captured();
  } else {
    give_up(verdict, signal, written.error());
  }
}

asio::awaitable<Status> LiveCaptures::write_dump(const Verdict& verdict,
                                                 const store::Signal& signal) {
  const auto name =
      dump_file_name(verdict.id, signal.process, signal.pid, signal.at, kCompressedSuffix);
  const auto path = parts_.data_folder / path_from_utf8(name).make_preferred();
  if (auto made = platform::create_folders(path.parent_path()); !made.ok()) co_return made;
  if (auto begun = parts_.store.begin_capture(verdict.id, {}, name, parts_.clock.now());
      !begun.ok()) {
    co_return begun;
  }
  auto run = DumperRun::start(parts_.io, parts_.dumper,
                              {.pid = signal.pid,
                               .dump = verdict.decision.dump,
                               .manner = verdict.decision.manner,
                               .output = path,
                               .process_start = signal.process_start,
                               .rule = verdict.decision.rule,
                               .reason = signal.detail,
                               .occasion = signal.kind,
                               .supervised = true,
                               .min_free_disk_bytes = parts_.settings.min_free_disk_bytes});
  if (!run.ok()) co_return std::move(run).take_error();
  running_.emplace(verdict.id, run->get());
  if (stopping_) (*run)->give_up();
  const auto said = co_await (*run)->finish(parts_.settings.capture_timeout);
  running_.erase(verdict.id);
  if (!said.ok()) co_return said.error();
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) co_return Error{Errc::Io, fmt::format("{}: {}", name, error.message())};
  if (const auto cut = said->find(capture::kBudgetUsedUp); cut != std::string::npos) {
    auto decision = verdict.decision;
    decision.reason += "; " + said->substr(cut);
    if (auto noted = parts_.store.set_decision(verdict.id, decision); !noted.ok()) co_return noted;
  }
  if (auto ready = parts_.store.dump_ready(verdict.id, bytes, parts_.clock.now()); !ready.ok())
    co_return ready;
  parts_.log.info("{}: captured {}: {}", shown(verdict, signal), name, *said);
  co_return Status{};
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
}

}  // namespace vigil::service
