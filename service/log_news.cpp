// SPDX-License-Identifier: Apache-2.0
#include "log_news.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "base/words.h"

namespace vigil::service {
namespace {

constexpr Microseconds kHour = std::chrono::hours(1);
constexpr std::string_view kOwnProvider = "Vigil";
constexpr std::ptrdiff_t kMaxTroublesOfChannel = LogNews::kMaxTroubles / 2;
constexpr Microseconds kBookmarkAge = std::chrono::minutes(1);

/// Whether the same may work later.
bool may_pass(Errc code) {
  return code == Errc::Busy || code == Errc::DiskFull || code == Errc::AccessDenied ||
         code == Errc::Io;
}

}  // namespace

Status LogNews::take(const std::vector<std::string>& events, std::string_view bookmark) {
  std::vector<store::LoggedNews> news;
  for (const auto& xml : events) {
    if (auto item = read(xml)) news.push_back(std::move(*item));
  }
  leave_out_what_is_too_much(news);
  const auto now = parts_.clock.now();
  // Mere warnings are not worth a write each; those that come again after a stop are told apart.
  const auto age = now - bookmark_kept_;
  if (news.empty() && age >= Microseconds(0) && age < kBookmarkAge) return {};
  VIGIL_TRY(keep(news, bookmark));
  bookmark_kept_ = now;
  // Only now: what could not be kept comes again.
  for (const auto& item : news) {
    if (auto* budget = budget_of(item.event)) budget->use(1, now);
  }
  return {};
}

/// One event that the store cannot take must not stop all that come behind it.
Status LogNews::keep(const std::vector<store::LoggedNews>& news, std::string_view bookmark) {
  auto all = parts_.desk.take_events(news, bookmark);
  if (all.ok() || may_pass(all.error().code())) return all;
  for (const auto& item : news) {
    auto one = parts_.desk.take_events({item}, {});
    if (one.ok()) continue;
    if (may_pass(one.error().code())) return one;
    parts_.log.error("event {} of the {} log cannot be kept: {}", item.event.record_id,
                     item.event.channel, one.error().message());
  }
  return parts_.desk.take_events({}, bookmark);
}

std::optional<store::LoggedNews> LogNews::read(std::string_view xml) {
  const auto record = eventlog::parse_record(xml);
  if (!record.ok()) {
    parts_.log.warn("{}; it is left out", record.error().message());
    return std::nullopt;
  }
  note_trouble(*record);
  auto news = eventlog::news_of(*record);
  if (!news) return std::nullopt;
  // Reading a file costs more than an event: not beyond what is taken.
  auto* const budget = budget_of(news->event);
  const bool is_taken = budget == nullptr || budget->left(parts_.clock.now()) > 0;
  if (!news->signal && !news->report_folder.empty() && is_taken)
    news->signal = signal_of_report(*news);
  if (news->signal) {
    // A time to come would count against limits until it has come.
    news->signal->at = std::min(news->signal->at, parts_.clock.now());
    if (!news->service.empty()) complete(*news->signal, news->service);
  }
  return store::LoggedNews{std::move(news->event), std::move(news->signal)};
}

void LogNews::note_trouble(const eventlog::Record& record) {
  auto trouble = eventlog::trouble_of(record);
  // What Vigil itself warns of stands in its own log.
  if (!trouble || trouble->provider == kOwnProvider ||
      parts_.clock.now() - trouble->at > eventlog::kTroubleAge) {
    return;
  }
  // Into the Application log anybody writes: it does not crowd out the other one.
  const auto same = [&](const auto& other) { return other.channel == trouble->channel; };
  if (std::ranges::count_if(troubles_, same) >= kMaxTroublesOfChannel)
    troubles_.erase(std::ranges::find_if(troubles_, same));
  troubles_.push_back(std::move(*trouble));
}

std::vector<eventlog::Trouble> LogNews::troubles() {
  const auto now = parts_.clock.now();
  std::erase_if(troubles_,
                [&](const auto& trouble) { return now - trouble.at > eventlog::kTroubleAge; });
  std::vector<eventlog::Trouble> sorted(troubles_.begin(), troubles_.end());
  std::ranges::sort(sorted, {}, &eventlog::Trouble::at);
  return sorted;
}

/// An event of Windows Error Reporting does not say which process it was; the report does. So a
/// death is known also where the event of the crash itself is missing.
std::optional<store::Signal> LogNews::signal_of_report(const eventlog::News& news) const {
  const auto report = parts_.read_report(news.report_folder);
  // Folders are used again; the id tells whether it is still the same report.
  if (!report || report->report_id != news.event.report_id) return std::nullopt;
  const auto trouble = wer::trouble_of(*report);
  if (trouble == wer::Trouble::None || report->pid == ProcessId{}) return std::nullopt;
  store::Signal signal;
  signal.source = store::Source::EventLog;
  signal.kind = trouble == wer::Trouble::Hang ? store::Kind::Hang : store::Kind::Crash;
  signal.at = report->at.us != 0 ? std::min(report->at, news.event.at) : news.event.at;
  signal.pid = report->pid;
  signal.process_start = report->process_start;
  signal.process = news.event.process;
  signal.path = report->application_path;
  if (trouble == wer::Trouble::Crash) {
    signal.exception_code = wer::exception_code_of(*report);
  } else {
    signal.detail = "a window did not answer and the program was closed";
  }
  return signal;
}

/// Whose end an event of a service tells of; for the past nobody knows any more.
void LogNews::complete(store::Signal& signal, const std::string& service) const {
  constexpr Microseconds kFresh = std::chrono::seconds(30);
  if (parts_.clock.now() - signal.at > kFresh) return;
  const auto process = parts_.find(service, signal.kind == store::Kind::Exit, signal.at);
  if (!process) return;
  signal.pid = process->key.pid;
  signal.process_start = process->key.start;
  signal.process = process->facts.name;
  signal.path = process->facts.path;
  signal.command_line = process->facts.command_line;
}

/// Null: as many as there are. Into the System log only the system writes.
LogNews::Budget* LogNews::budget_of(const store::LogEvent& event) {
  if (event.channel == "System") return nullptr;
  return parts_.clock.now() - event.at > kHour ? &old_ : &fresh_;
}

void LogNews::leave_out_what_is_too_much(std::vector<store::LoggedNews>& news) {
  const auto now = parts_.clock.now();
  std::map<Budget*, std::size_t> left = {{&fresh_, fresh_.left(now)}, {&old_, old_.left(now)}};
  const auto missed = std::erase_if(news, [&](const store::LoggedNews& item) {
    auto* const budget = budget_of(item.event);
    if (budget == nullptr) return false;
    auto& more = left[budget];
    if (more == 0) return true;
    --more;
    return false;
  });
  if (missed == 0) {
    if (const auto all = std::exchange(left_out_, 0); all != 0)
      parts_.log.warn("{} of the event log were left out", counted(all, "event"));
    return;
  }
  if (left_out_ == 0)
    parts_.log.error(
        "the Application log has given too many events within an hour: the rest is "
        "left out");
  left_out_ += missed;
}

std::size_t LogNews::Budget::left(Timestamp now) {
  // A clock that was set back begins a new hour.
  if (!used_.empty() && used_.back().first > now) used_.clear();
  while (!used_.empty() && now - used_.front().first >= kHour) used_.pop_front();
  std::size_t used = 0;
  for (const auto& [at, count] : used_) used += count;
  return limit_ - std::min(used, limit_);
}

void LogNews::Budget::use(std::size_t count, Timestamp now) {
  constexpr Microseconds kStep = std::chrono::seconds(10);
  if (used_.empty() || now - used_.back().first >= kStep) used_.emplace_back(now, 0);
  used_.back().second += count;
}

}  // namespace vigil::service
