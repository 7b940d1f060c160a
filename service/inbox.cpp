// SPDX-License-Identifier: Apache-2.0
#include "inbox.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "inbox_names.h"

namespace vigil::service {
namespace {

using capture::InboxEvent;

constexpr std::string_view kMinidumpMagic = "MDMP";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
constexpr std::size_t kMagicBytes = 4;

/// How long a dump may lie without the event file that its dumper puts beside it.
constexpr Microseconds kEventGrace{60'000'000};
constexpr std::size_t kMaxProcessNameInFile = 64;
/// A file that could not be taken in so often is left where it is until the service starts again.
constexpr int kMaxFailures = 30;

/// A name of the inbox in a log line: it is as hostile as everything there.
std::string shown(std::string_view name) {
  constexpr std::size_t kMaxShown = 200;
  return printable_utf8(name.substr(0, kMaxShown));
}

bool begins_like_a_dump(std::string_view bytes) {
  return bytes == kMinidumpMagic || bytes == kZstdMagic;
}

}  // namespace

std::string dump_file_name(store::CaptureId id,
                           std::string_view process,
                           ProcessId pid,
                           Timestamp at,
                           std::string_view inbox_name) {
  std::string safe;
  for (const char c : process.substr(0, kMaxProcessNameInFile)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '-';
    safe += plain ? c : '_';
  }
  if (safe.empty()) safe = "unknown";
  const auto date = std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<Microseconds>(Microseconds(at.us))));
  return fmt::format("dumps/{:04}/{:02}/{}-{}-{}{}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), id.value, safe, pid.value,
                     inbox_name.ends_with(kCompressedSuffix) ? kCompressedSuffix : kDumpSuffix);
}

Inbox::Outcome Inbox::scan() {
  Outcome outcome;
  const auto listed = listing_.read();
  if (!listed.ok()) {
    fail({}, listed.error());
    outcome.waiting = true;
    return outcome;
  }
  std::set<std::string_view> names;
  for (const auto& entry : *listed) names.insert(entry.name);
  look_at(*listed, names, outcome);
  // What is no longer there is no longer remembered.
  const auto is_gone = [&](const auto& item) { return !names.contains(item.first); };
  std::erase_if(sizes_, is_gone);
  std::erase_if(failures_, is_gone);
  return outcome;
}

void Inbox::look_at(const std::vector<Entry>& entries,
                    const std::set<std::string_view>& names,
                    Outcome& outcome) {
  // Event files first: they say what the dump beside them is.
  for (const bool events : {true, false}) {
    for (const auto& entry : entries) {
      if (is_event(entry.name) != events) continue;
      if (!events && names.contains(event_name_of(entry.name))) continue;
      if (failures_[entry.name] >= kMaxFailures) continue;
      const auto next = events ? take_event(entry, outcome) : take_other(entry, outcome);
      if (!next.ok()) fail(entry.name, next.error());
      if (!next.ok() || *next == Next::Later) outcome.waiting = true;
    }
  }
}

Result<Inbox::Next> Inbox::take_event(const Entry& entry, Outcome& outcome) {
  auto file = parts_.folder.open(entry.name);
  if (!file.ok()) return open_failed(entry, file.error());
  auto text = (*file)->read_start(capture::kMaxEventBytes + 1);
  if (!text.ok()) return std::move(text).take_error();
  if (text->size() > capture::kMaxEventBytes) return refuse(**file, entry, "it is too long");
  auto event = capture::inbox_event_from_json(*text);
  if (!event.ok()) return refuse(**file, entry, event.error().message());
  // A time to come would count against limits until it has come.
  if (event->signal.at > parts_.clock.now()) event->signal.at = parts_.clock.now();
  if (!(*file)->is_from_administrator()) shorten(event->signal);
  return take_checked_event(entry, **file, *event, outcome);
}

Result<Inbox::Next> Inbox::take_checked_event(const Entry& entry,
                                              InboxFile& file,
                                              const InboxEvent& event,
                                              Outcome& outcome) {
  const auto& signal = event.signal;
  if (const auto why = lie_of(event, entry.name, file, parts_.clock.now()); !why.empty()) {
    return refuse_with_dump(file, entry, event, why);
  }
  if (const auto why = doubt_of(signal, file); !why.empty()) {
    return refuse_with_dump(file, entry, event, why);
  }
  if (is_over_limit(file)) return refuse_with_dump(file, entry, event, {});
  VIGIL_TRY_ASSIGN(const auto verdict, is_manual(signal)
                                           ? parts_.desk.take_manual(signal, event.dump)
                                           : parts_.desk.take(signal));
  if (event.dump_file.empty()) {
    VIGIL_TRY(give_up_on_dump(verdict, signal.detail));
  } else {
    VIGIL_TRY_ASSIGN(const auto next, take_dump_of_event(entry, file, event, verdict, outcome));
    if (next == Next::Later) return next;
  }
  count(file);
  VIGIL_TRY(file.remove());
  return Next::Done;
}

Result<Inbox::Next> Inbox::take_dump_of_event(const Entry& entry,
                                              const InboxFile& file,
                                              const InboxEvent& event,
                                              const Verdict& verdict,
                                              Outcome& outcome) {
  auto dump = parts_.folder.open(event.dump_file);
  if (dump.ok()) {
    if ((*dump)->owner() == file.owner()) {
      return take_dump(verdict, event.signal, **dump, event.dump_file, outcome);
    }
    VIGIL_TRY(give_up_on_dump(verdict, "the dump beside its event file is somebody else's"));
    return Next::Done;
  }
  switch (dump.error().code()) {
    case Errc::NotFound:
      // It was moved before the service was killed, or never came. The row knows which.
      return Next::Done;
    case Errc::Busy:
      if (!is_older_than(entry, parts_.settings.capture_timeout)) return Next::Later;
      VIGIL_TRY(give_up_on_dump(verdict, dump.error().message()));
      return Next::Done;
    case Errc::Malformed:
      VIGIL_TRY(parts_.folder.remove(event.dump_file));
      VIGIL_TRY(give_up_on_dump(verdict, dump.error().message()));
      return Next::Done;
    case Errc::Truncated:
    case Errc::Unsupported:
    case Errc::LimitExceeded:
    case Errc::AccessDenied:
    case Errc::Cancelled:
    case Errc::DiskFull:
    case Errc::Io:
    case Errc::Internal: break;
  }
  return std::move(dump).take_error();
}

/// A row that will have no dump from this hand-over says so at once, if there is more to say than
/// that.
Status Inbox::give_up_on_dump(const Verdict& verdict, std::string_view why) {
  if (verdict.state != store::State::Observed || why.empty() ||
      verdict.decision.dump == rules::DumpKind::None) {
    return {};
  }
  parts_.log.warn("#{}: no dump: {}", verdict.id.value, printable_utf8(why));
  return parts_.store.skip(verdict.id, printable_utf8(why), parts_.clock.now());
}

Result<Inbox::Next> Inbox::take_other(const Entry& entry, Outcome& outcome) {
  if (is_dump(entry.name)) return take_bare_dump(entry, outcome);
  const bool young = !is_older_than(entry, parts_.settings.capture_timeout);
  if (is_partial(entry.name) && young) return Next::Done;
  auto file = parts_.folder.open(entry.name);
  if (!file.ok()) return open_failed(entry, file.error());
  return refuse(
      **file, entry,
      is_partial(entry.name) ? "it was never finished" : "it is neither a dump nor an event");
}

Result<Inbox::Next> Inbox::take_bare_dump(const Entry& entry, Outcome& outcome) {
  const auto wer_name = capture::parse_wer_dump_name(entry.name);
  // Another name is that of a dumper, which puts its event file beside the dump, or a person's.
  if (!wer_name && !is_older_than(entry, kEventGrace)) return Next::Later;
  if (!has_settled(entry)) return Next::Later;
  auto file = parts_.folder.open(entry.name);
  if (!file.ok()) return open_failed(entry, file.error());
  VIGIL_TRY_ASSIGN(const auto start, (*file)->read_start(kMagicBytes));
  if (!begins_like_a_dump(start)) return refuse(**file, entry, "it does not begin like a dump");
  if (!wer_name && !(*file)->is_from_administrator()) {
    return refuse(**file, entry, "its name does not tell which process it is of");
  }
  const auto signal = signal_of_bare_dump(entry, **file);
  if (const auto why = doubt_of(signal, **file); !why.empty()) return refuse(**file, entry, why);
  if (is_over_limit(**file)) return refuse(**file, entry, {});
  VIGIL_TRY_ASSIGN(const auto verdict, signal.kind == store::Kind::Manual
                                           ? parts_.desk.take_manual(signal, rules::DumpKind::Full)
                                           : parts_.desk.take(signal));
  VIGIL_TRY_ASSIGN(const auto next, take_dump(verdict, signal, **file, entry.name, outcome));
  if (next == Next::Done) count(**file);
  return next;
}

/// Why it cannot be of the process that it claims to be of, as far as the service can know.
std::string Inbox::doubt_of(const store::Signal& signal, const InboxFile& file) const {
  if (file.is_from_administrator()) return {};
  return why_not_his(signal, file.owner(), parts_.running_process(signal.pid));
}

bool Inbox::is_over_limit(const InboxFile& file) {
  if (file.is_from_administrator()) return false;
  const auto now = parts_.clock.now();
  if (!limit_.is_used_up(file.owner(), now)) return false;
  if (limit_.is_first_refusal(file.owner(), now)) {
    parts_.log.warn("inbox: {} has handed over {} times within an hour; more is removed",
                    file.owner(), HourlyLimit::kPerHour);
  }
  return true;
}

void Inbox::count(const InboxFile& file) {
  if (!file.is_from_administrator()) limit_.count(file.owner(), parts_.clock.now());
}

store::Signal Inbox::signal_of_bare_dump(const Entry& entry, const InboxFile& file) const {
  store::Signal signal;
  signal.source = store::Source::Inbox;
  // The same after a restart: by this the store knows that it was told before.
  signal.at = std::min(file.modified(), parts_.clock.now());
  const auto wer_name = capture::parse_wer_dump_name(entry.name);
  if (!wer_name) {
    signal.kind = store::Kind::Manual;
    signal.process = printable_utf8(entry.name.substr(0, entry.name.rfind(kDumpSuffix)));
    signal.detail = fmt::format("dropped into the inbox as {}", shown(entry.name));
    return signal;
  }
  signal.pid = wer_name->pid;
  signal.process = wer_name->process;
  if (const auto known = parts_.find_process(wer_name->pid, wer_name->process, signal.at)) {
    signal.process_start = known->start;
    signal.path = known->facts.path;
    signal.command_line = known->facts.command_line;
  }
  return signal;
}

Result<Inbox::Next> Inbox::take_dump(const Verdict& verdict,
                                     const store::Signal& signal,
                                     InboxFile& file,
                                     const std::string& name,
                                     Outcome& outcome) {
  const auto id = verdict.id.value;
  const auto remove = [&]() -> Result<Next> {
    VIGIL_TRY(file.remove());
    return Next::Done;
  };
  if (verdict.state != store::State::Observed && verdict.state != store::State::Skipped) {
    parts_.log.info("#{}: {} is another dump of the same death; removed", id, shown(name));
    return remove();
  }
  if (verdict.decision.dump == rules::DumpKind::None) {
    parts_.log.info("#{}: {} removed: {}", id, shown(name), verdict.decision.reason);
    return remove();
  }
  // A row that was given up waits for nobody any more.
  if (!file.is_from_administrator() && verdict.state == store::State::Observed) {
    VIGIL_TRY_ASSIGN(const bool ours_comes, own_dumper_saw(verdict.id));
    if (ours_comes) return Next::Later;
  }
  VIGIL_TRY_ASSIGN(const auto start, file.read_start(kMagicBytes));
  if (!begins_like_a_dump(start)) {
    VIGIL_TRY(give_up_on_dump(verdict, fmt::format("{} does not begin like a dump", shown(name))));
    return remove();
  }
  const auto now = parts_.clock.now();
  const auto dump_file = dump_file_name(verdict.id, signal.process, signal.pid, signal.at, name);
  VIGIL_TRY(parts_.store.begin_capture(verdict.id, name, dump_file, now));
  if (auto moved = file.move_to(dump_file); !moved.ok()) {
    VIGIL_TRY(parts_.store.skip(verdict.id, moved.error().message(), now));
    return std::move(moved).take_error();
  }
  VIGIL_TRY(parts_.store.dump_ready(verdict.id, file.size(), parts_.clock.now()));
  parts_.desk.stop_expecting(verdict.id);
  parts_.log.info("#{}: captured {} ({} bytes)", id, dump_file, file.size());
  ++outcome.captured;
  return Next::Done;
}

/// Whether a dumper of the service saw this death, so that its dump is the one to wait for: anybody
/// may hand over another as soon as the process is gone.
Result<bool> Inbox::own_dumper_saw(store::CaptureId id) const {
  VIGIL_TRY_ASSIGN(const auto signals, parts_.store.signals(id));
  return std::ranges::any_of(
      signals, [](const auto& signal) { return signal.source == store::Source::Attach; });
}

Result<Inbox::Next> Inbox::open_failed(const Entry& entry, const Error& error) {
  if (error.code() == Errc::NotFound) return Next::Done;
  if (error.code() == Errc::Busy) return Next::Later;
  if (error.code() != Errc::Malformed) return error;
  parts_.log.warn("inbox: {}; removed", printable_utf8(error.message()));
  VIGIL_TRY(parts_.folder.remove(entry.name));
  return Next::Done;
}

Result<Inbox::Next> Inbox::refuse(InboxFile& file, const Entry& entry, std::string_view why) {
  if (!why.empty()) {
    parts_.log.warn("inbox: {} removed: {}", shown(entry.name), printable_utf8(why));
  }
  VIGIL_TRY(file.remove());
  return Next::Done;
}

Result<Inbox::Next> Inbox::refuse_with_dump(InboxFile& file,
                                            const Entry& entry,
                                            const InboxEvent& event,
                                            std::string_view why) {
  if (!event.dump_file.empty()) {
    auto dump = parts_.folder.open(event.dump_file);
    // Whoever wrote the event may name a dump of somebody else: only his own goes with it.
    if (dump.ok() && (*dump)->owner() == file.owner()) VIGIL_TRY((*dump)->remove());
  }
  return refuse(file, entry, why);
}

/// Whether it has had the size that it has now for as long as two looks are apart.
bool Inbox::has_settled(const Entry& entry) {
  const auto now = parts_.clock.now();
  auto& size = sizes_.try_emplace(entry.name, Size{entry.size, now}).first->second;
  if (size.bytes != entry.size) size = {entry.size, now};
  return size.since + parts_.settings.poll_interval <= now;
}

bool Inbox::is_older_than(const Entry& entry, Microseconds age) const {
  return entry.modified + age <= parts_.clock.now();
}

void Inbox::fail(const std::string& name, const Error& error) {
  auto& failures = failures_[name];
  if (failures++ > 0) return;
  parts_.log.error("inbox: {}: {}", name.empty() ? "the folder" : shown(name),
                   printable_utf8(error.message()));
}

}  // namespace vigil::service
