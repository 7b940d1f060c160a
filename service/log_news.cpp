// SPDX-License-Identifier: Apache-2.0
#include "log_news.h"

#include <chrono>
#include <utility>

#include "base/words.h"
#include "eventlog/eventlog.h"

namespace vigil::service {

Status LogNews::take(const std::vector<std::string>& events, std::string_view bookmark) {
  std::vector<store::LoggedNews> news;
  for (const auto& xml : events) {
    if (auto item = read(xml)) news.push_back(std::move(*item));
  }
  return parts_.desk.take_events(news, bookmark);
}

std::optional<store::LoggedNews> LogNews::read(std::string_view xml) {
  const auto record = eventlog::parse_record(xml);
  if (!record.ok()) {
    parts_.log.warn("{}; it is left out", record.error().message());
    return std::nullopt;
  }
  auto news = eventlog::news_of(*record);
  if (!news || is_over_limit()) return std::nullopt;
  // A time to come would count against limits until it has come.
  const auto now = parts_.clock.now();
  if (news->event.at > now) news->event.at = now;
  if (news->signal) {
    news->signal->at = news->event.at;
    if (!news->service.empty()) complete(*news->signal, news->service);
  }
  return store::LoggedNews{std::move(news->event), std::move(news->signal)};
}

/// Whose end an event of a service tells of; for the past nobody knows any more.
void LogNews::complete(store::Signal& signal, const std::string& service) const {
  constexpr Microseconds kFresh = std::chrono::seconds(30);
  if (parts_.clock.now() - signal.at > kFresh) return;
  const auto process = parts_.find(service, signal.kind == store::Kind::Exit);
  if (!process) return;
  signal.pid = process->key.pid;
  signal.process_start = process->key.start;
  signal.process = process->facts.name;
  signal.path = process->facts.path;
  signal.command_line = process->facts.command_line;
}

bool LogNews::is_over_limit() {
  const auto now = parts_.clock.now();
  while (!taken_.empty() && now - taken_.front() >= std::chrono::hours(1)) taken_.pop_front();
  if (taken_.size() < kMaxPerHour) {
    if (const auto missed = std::exchange(left_out_, 0); missed != 0)
      parts_.log.warn("{} of the event log were left out", counted(missed, "event"));
    taken_.push_back(now);
    return false;
  }
  if (left_out_++ == 0) {
    parts_.log.error("the event log has given {} events within an hour: more are left out",
                     kMaxPerHour);
  }
  return true;
}

}  // namespace vigil::service
