// SPDX-License-Identifier: Apache-2.0
#include "store/join.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <tuple>

namespace vigil::store {
namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;

bool is_whole_second(Timestamp t) noexcept {
  return t.us % kUsPerSecond == 0;
}

bool is_near(const Signal& signal, const Candidate& row, Microseconds window) noexcept {
  return signal.at >= row.first_signal - window && signal.at <= row.last_signal + window;
}

template <class T>
void take_if_unknown(std::optional<T>& fact, const std::optional<T>& news) {
  if (!fact) fact = news;
}

void take_if_unknown(std::string& fact, const std::string& news) {
  if (fact.empty()) fact = news;
}

/// An exact start counts more than one in whole seconds.
void take_start(std::optional<Timestamp>& fact, const std::optional<Timestamp>& news) {
  if (!fact || (news && is_whole_second(*fact) && !is_whole_second(*news))) fact = news;
}

}  // namespace

bool same_start(Timestamp a, Timestamp b) noexcept {
  if (a == b) return true;
  const auto [early, late] = std::minmax(a, b);
  return is_whole_second(early) && late - early < Microseconds(kUsPerSecond);
}

SameStarts same_starts(Timestamp start) noexcept {
  auto above = start.us % kUsPerSecond;
  if (above < 0) above += kUsPerSecond;
  if (above == 0) return {start, start, start + Microseconds(kUsPerSecond - 1)};
  return {start - Microseconds(above), start, start};
}

std::optional<CaptureId> find_row(const Signal& signal,
                                  const std::vector<Candidate>& candidates,
                                  Microseconds window) noexcept {
  if (signal.process_start) {
    for (const auto& row : candidates) {
      if (row.process_start && same_start(*row.process_start, *signal.process_start)) return row.id;
    }
  }
  for (const auto& row : candidates) {
    if (row.process_start && signal.process_start) continue;
    if (!is_near(signal, row, window)) continue;
    // Nobody dies before being born: the id was given to another process in between.
    if (row.process_start && signal.at < *row.process_start - kClockSlack) continue;
    if (signal.process_start && row.first_signal < *signal.process_start - kClockSlack) continue;
    return row.id;
  }
  return std::nullopt;
}

Facts facts_of(const std::vector<Signal>& signals) {
  Facts facts;
  std::vector<const Signal*> by_time;
  for (const auto& signal : signals) {
    by_time.push_back(&signal);
    if (std::ranges::find(facts.seen_by, signal.source) == facts.seen_by.end()) {
      facts.seen_by.push_back(signal.source);
    }
  }
  // What an event says anybody may have written: it counts only where nobody else knows.
  const auto is_hearsay = [](const Signal* signal) { return signal->source == Source::EventLog; };
  std::ranges::sort(by_time, [&](const Signal* a, const Signal* b) {
    return std::tuple(is_hearsay(a), a->at, a->source, a->detail) <
           std::tuple(is_hearsay(b), b->at, b->source, b->detail);
  });
  const auto hearsay = std::ranges::find_if(by_time, is_hearsay);
  const auto last = hearsay == by_time.begin() ? by_time.end() : hearsay;
  facts.first_signal = by_time.front()->at;
  facts.last_signal = (*std::prev(last))->at;
  for (const auto* signal : by_time) {
    if (signal->kind != Kind::Exit) facts.kind = signal->kind;
    take_start(facts.process_start, signal->process_start);
    take_if_unknown(facts.process, signal->process);
    take_if_unknown(facts.path, signal->path);
    take_if_unknown(facts.command_line, signal->command_line);
    take_if_unknown(facts.exception_code, signal->exception_code);
    take_if_unknown(facts.exit_code, signal->exit_code);
    take_if_unknown(facts.fault_key, signal->fault_key);
    take_if_unknown(facts.detail, signal->detail);
  }
  return facts;
}

}  // namespace vigil::store
