// SPDX-License-Identifier: Apache-2.0
// What threads did between the dump and its samples.
#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <string_view>
#include <unordered_map>

#include "analysis/analysis.h"
#include "analysis/blame.h"

namespace vigil::analysis {
namespace {

/// How far a stack has gone: what was seen in one sample, the next one does not take back.
enum Stack : std::uint8_t { Same, Innermost, Unknown, Changed };
constexpr std::array<std::string_view, 4> kWords = {"same", "innermost", "unknown", "changed"};

constexpr std::string_view kWholeStack = "end_of_stack";

/// Its frames but those of inlined calls, which are a matter of symbols.
std::vector<const report::Frame*> calls_of(const report::Thread& thread) {
  std::vector<const report::Frame*> calls;
  for (const auto& frame : thread.frames) {
    if (frame.trust != report::kInlineTrust) calls.push_back(&frame);
  }
  return calls;
}

/// Two stacks of one thread. A frame that was guessed may be a call that returned long ago, so
/// where such frames differ nothing is known; where they are all the same, all stood still.
Stack compare(const report::Thread& before, const report::Thread& after) {
  const auto first = calls_of(before), later = calls_of(after);
  if (first.empty() || later.empty()) return Unknown;
  const auto both = std::min(first.size(), later.size());
  const bool whole = before.stop_reason == kWholeStack && after.stop_reason == kWholeStack;
  bool guessed = false;
  for (std::size_t i = 1; i < both; ++i) {
    guessed = guessed || is_guess(*first[i]) || is_guess(*later[i]);
    if (first[i]->instruction != later[i]->instruction) return guessed ? Unknown : Changed;
  }
  if (first.size() != later.size()) return whole && !guessed ? Changed : Unknown;
  if (both == 1 && !whole) return Unknown;
  if (first[0]->instruction == later[0]->instruction) return Same;
  return first[0]->module == later[0]->module ? Innermost : Changed;
}

/// Nothing: the dump does not say both.
std::optional<Microseconds> cpu_time_of(const snapshot::Thread& thread) {
  // A damaged dump says anything, and no sum may overflow.
  constexpr Microseconds kMax = std::chrono::hours(24 * 366 * 10);
  if (!thread.user_time || !thread.kernel_time) return std::nullopt;
  return std::clamp(*thread.user_time, Microseconds{}, kMax) +
         std::clamp(*thread.kernel_time, Microseconds{}, kMax);
}

std::uint32_t milliseconds(Microseconds time) {
  constexpr std::int64_t kMax = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.count() / 1000, 0, kMax));
}

/// What a thread did, in one word. Whoever used more than a little processor time was not still, at
/// whatever place it was found.
std::string_view word_of(std::uint8_t stack, const std::optional<std::uint32_t>& cpu_ms) {
  constexpr std::uint32_t kLittleMs = 50;  // three ticks of the clock by which Windows counts it
  if (stack == Same && cpu_ms.value_or(0) > kLittleMs) return "ran";
  return kWords[stack];
}

/// By id; of two with the same the first.
template <class Item, class IdOf>
std::unordered_map<std::uint32_t, const Item*> by_id(const std::vector<Item>& items, IdOf id_of) {
  std::unordered_map<std::uint32_t, const Item*> found;
  for (const auto& item : items) found.emplace(id_of(item), &item);
  return found;
}
auto threads_by_id(const snapshot::Snapshot& dump) {
  return by_id(dump.threads, [](const snapshot::Thread& thread) { return thread.id.value; });
}

}  // namespace

Movements::Movements(const snapshot::Snapshot& dump, const std::vector<report::Thread>& stacks)
    : stacks_(stacks) {
  const auto known = threads_by_id(dump);
  for (const auto& stack : stacks) {
    auto& thread = threads_.emplace_back();
    thread.id = stack.thread_id;
    const auto found = known.find(stack.thread_id);
    if (found == known.end()) continue;
    thread.created = found->second->create_time;
    thread.cpu_at_first = cpu_time_of(*found->second);
  }
}

void Movements::add(const snapshot::Snapshot& sample, const std::vector<report::Thread>& stacks) {
  const auto known = threads_by_id(sample);
  const auto walked = by_id(stacks, [](const report::Thread& stack) { return stack.thread_id; });
  std::size_t again = 0;  // of those of the dump
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    auto& thread = threads_[i];
    const auto found = known.find(thread.id);
    if (thread.samples < samples_ || found == known.end()) continue;
    const auto& now = *found->second;
    // Windows gives the id of a thread that has ended to another one.
    if (thread.created && now.create_time && *thread.created != *now.create_time) continue;
    ++again;
    ++thread.samples;
    thread.cpu_at_last = cpu_time_of(now);
    const auto stack = walked.find(thread.id);
    const auto went = stack == walked.end() ? Unknown : compare(stacks_[i], *stack->second);
    thread.stack = std::max<std::uint8_t>(thread.stack, went);
  }
  ++samples_;
  started_ = static_cast<std::uint32_t>(known.size() - std::min(again, known.size()));
}

std::vector<report::Movement> Movements::of_threads() const {
  std::vector<report::Movement> movements;
  if (samples_ == 1) return movements;
  for (const auto& thread : threads_) {
    auto& movement = movements.emplace_back();
    movement.samples = thread.samples;
    if (thread.cpu_at_first && thread.cpu_at_last && *thread.cpu_at_last >= *thread.cpu_at_first)
      movement.cpu_ms = milliseconds(*thread.cpu_at_last - *thread.cpu_at_first);
    movement.stack = thread.samples == 1 ? kWords[Unknown] : word_of(thread.stack, movement.cpu_ms);
  }
  return movements;
}

report::Samples Movements::in_numbers(Microseconds span) const {
  report::Samples samples;
  samples.count = samples_;
  samples.span_ms = milliseconds(span);
  samples.started = started_;
  for (const auto& movement : of_threads()) {
    if (movement.samples < samples_) {
      ++samples.ended;
    } else if (movement.stack == "same") {
      ++samples.same;
    } else if (movement.stack == "innermost" || movement.stack == "ran") {
      ++samples.innermost;
    } else if (movement.stack == "changed") {
      ++samples.changed;
    } else {
      ++samples.unknown;
    }
  }
  return samples;
}

}  // namespace vigil::analysis
