// SPDX-License-Identifier: Apache-2.0
#include "inbox_claims.h"

#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "inbox_names.h"

namespace vigil::service {
namespace {

using capture::InboxEvent;

/// Dumps keep the start of a process in whole seconds.
constexpr Microseconds kSameStart{1'000'000};
constexpr Microseconds kHour{3'600'000'000};
constexpr std::size_t kMaxStrangersText = 1024;

/// Whether both may be the start of one process; none: not told.
bool may_be_same_start(const std::optional<Timestamp>& told, Timestamp start) {
  return !told || (*told > start - kSameStart && *told < start + kSameStart);
}

void cut(std::string& text) {
  if (text.size() <= kMaxStrangersText) return;
  text.resize(well_formed_utf8_length(std::string_view(text).substr(0, kMaxStrangersText)));
}

}  // namespace

bool is_manual(const store::Signal& signal) {
  return signal.kind == store::Kind::Manual || signal.source == store::Source::Manual;
}

std::string_view lie_of(const InboxEvent& event,
                        std::string_view name,
                        const InboxFile& file,
                        Timestamp now) {
  const auto& signal = event.signal;
  if (!event.dump_file.empty() && event_name_of(event.dump_file) != name) {
    return "it names a dump that is not beside it";
  }
  const bool by_hand = is_manual(signal);
  if (!by_hand && signal.source != store::Source::AeDebug &&
      signal.source != store::Source::Attach) {
    return "it names a source that writes no event files";
  }
  if (file.is_from_administrator()) return {};
  if (by_hand) return "only an administrator may have dumps taken by hand";
  // AeDebug starts dumpers as whoever crashed; those that attach are children of the service.
  if (signal.source == store::Source::Attach || store::needs_attach(signal.kind))
    return "only the service attaches dumpers";
  // Either could be joined with the death of a process that is yet to come.
  if (signal.process_start > now) return "its process has not started yet";
  if (!signal.process_start && !event.dump_file.empty()) {
    return "it brings a dump and does not tell when its process started";
  }
  return {};
}

std::string why_not_his(const store::Signal& signal,
                        std::string_view owner,
                        const std::optional<RunningProcess>& running) {
  if (!running || running->owner.empty() || running->owner == owner) return {};
  if (!may_be_same_start(signal.process_start, running->start)) return {};
  return fmt::format("process {} runs as {}, and it comes from {}", signal.pid.value,
                     running->owner, owner.empty() ? "somebody unknown" : owner);
}

void shorten(store::Signal& signal) {
  for (auto* text : {&signal.path, &signal.command_line, &signal.detail}) cut(*text);
}

bool HourlyLimit::is_used_up(const std::string& owner, Timestamp now) {
  return used(owner, now).count >= kPerHour;
}

void HourlyLimit::count(const std::string& owner, Timestamp now) {
  ++used(owner, now).count;
}

bool HourlyLimit::is_first_refusal(const std::string& owner, Timestamp now) {
  return !std::exchange(used(owner, now).refused, true);
}

HourlyLimit::Used& HourlyLimit::used(const std::string& owner, Timestamp now) {
  // A clock that was set back begins a new hour as well.
  if (now < since_ || now - since_ >= kHour) {
    used_.clear();
    since_ = now;
  }
  return used_[owner];
}

}  // namespace vigil::service
