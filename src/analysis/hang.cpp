// SPDX-License-Identifier: Apache-2.0
#include "analysis/hang.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "analysis/blame.h"
#include "base/words.h"

namespace vigil::analysis {
namespace {

std::optional<std::size_t> index_of(const Input& input, std::uint32_t thread_id) {
  const auto found = std::find_if(
      input.threads.begin(), input.threads.end(),
      [thread_id](const report::Thread& thread) { return thread.thread_id == thread_id; });
  if (found == input.threads.end()) return std::nullopt;
  return static_cast<std::size_t>(std::distance(input.threads.begin(), found));
}

/// Whether the innermost frame is a call that gives the processor away.
bool is_waiting(const report::Thread& thread) {
  constexpr std::array<std::string_view, 16> kStarts = {
      "NtWait",         "ZwWait",        "NtDelayExecution", "ZwDelayExecution",
      "NtRemoveIo",     "ZwRemoveIo",    "NtUserGetMessage", "ZwUserGetMessage",
      "NtUserMsgWait",  "ZwUserMsgWait", "NtSignalAndWait",  "NtAlpcSendWait",
      "ZwAlpcSendWait", "NtReplyWait",   "NtReadFile",       "NtDeviceIoControlFile"};
  if (thread.frames.empty()) return false;
  const std::string_view function = thread.frames.front().function;
  return std::any_of(kStarts.begin(), kStarts.end(),
                     [function](std::string_view start) { return function.starts_with(start); });
}

/// The one that keeps most threads waiting, at the end of the chain of those who wait themselves.
std::optional<Culprit> find_holder(const Input& input, const LockState& state) {
  const auto most = std::max_element(state.locks.begin(), state.locks.end(),
                                     [](const report::Lock& a, const report::Lock& b) {
                                       return a.waiters.size() < b.waiters.size();
                                     });
  if (most == state.locks.end()) return std::nullopt;
  const auto* lock = &*most;
  std::set<std::uint64_t> passed;
  while (passed.insert(lock->address).second) {
    const auto next =
        std::find_if(state.locks.begin(), state.locks.end(), [lock](const report::Lock& other) {
          return std::find(other.waiters.begin(), other.waiters.end(), lock->owner) !=
                 other.waiters.end();
        });
    if (next == state.locks.end()) break;
    lock = &*next;
  }
  const auto thread = index_of(input, lock->owner);
  if (!thread) return std::nullopt;
  const auto waiting = fmt::format("{} {} for", counted(lock->waiters.size(), "thread"),
                                   lock->waiters.size() == 1 ? "waits" : "wait");
  return Culprit{*thread, fmt::format("it holds {}, which {}", name_of(*lock), waiting), true};
}

/// Whether \p frame is a function that the system calls for an exception that nobody handled. The
/// nearest exported name may be another's when it is far away.
bool handles_last(const report::Frame& frame) {
  constexpr std::array<std::string_view, 5> kLast = {
      "UnhandledExceptionFilter", "RtlUnhandledExceptionFilter", "RtlUnhandledExceptionFilter2",
      "RtlReportException", "WerReportFault"};
  constexpr std::uint64_t kNearBytes = 0x400;
  const bool is_sure = frame.symbol_source != "exports" || frame.function_offset < kNearBytes;
  return is_sure && !is_guess(frame) && std::ranges::find(kLast, frame.function) != kLast.end();
}

std::optional<Culprit> find_dying(const Input& input) {
  for (std::size_t i = 0; i < input.threads.size(); ++i) {
    const auto& frames = input.threads[i].frames;
    const auto found = std::ranges::find_if(frames, handles_last);
    if (found == frames.end()) continue;
    return Culprit{
        .thread = i,
        .reason = fmt::format("an exception that nobody handled had come to {}, and the dump does "
                              "not hold it",
                              found->function),
        .dying = true};
  }
  return std::nullopt;
}

/// The CPU time of \p thread, within what a process can have used: a damaged dump says anything.
Microseconds time_of(const snapshot::Thread& thread) {
  constexpr Microseconds kMax = std::chrono::hours(24 * 366 * 10);
  const auto limited = [kMax](const std::optional<Microseconds>& time) {
    return std::clamp(time.value_or(Microseconds{}), Microseconds{}, kMax);
  };
  return limited(thread.user_time) + limited(thread.kernel_time);
}

/// The one that used CPU time while the samples were taken, when one clearly did.
std::optional<Culprit> find_hot_in_samples(const Input& input) {
  constexpr std::uint32_t kPartOfSpan = 5, kTimesTheNext = 3;
  if (input.samples == nullptr || input.samples->span_ms == 0) return std::nullopt;
  std::uint32_t most = 0, next = 0;
  std::size_t hot = 0;
  for (std::size_t i = 0; i < input.threads.size(); ++i) {
    const auto& movement = input.threads[i].movement;
    const auto used = movement ? movement->cpu_ms.value_or(0) : 0;
    if (used > most) {
      next = std::exchange(most, used);
      hot = i;
    } else {
      next = std::max(next, used);
    }
  }
  if (most < input.samples->span_ms / kPartOfSpan || most / kTimesTheNext < next || most == 0)
    return std::nullopt;
  constexpr double kMilliseconds = 1e3;
  return Culprit{.thread = hot,
                 .reason = fmt::format("it used {:.1f} s of CPU time while {} samples were taken",
                                       most / kMilliseconds, input.samples->count),
                 .hot = true};
}

std::optional<Culprit> find_hot(const Input& input) {
  /// Less is what any thread uses to start.
  constexpr Microseconds kMinTime = std::chrono::seconds(1);
  constexpr std::int64_t kTimesTheNext = 3;
  Microseconds total{}, most{}, next{};
  std::optional<std::size_t> hot;
  for (const auto& thread : input.snapshot.threads) {
    const auto time = time_of(thread);
    total += time;
    if (time > most) {
      next = most;
      most = time;
      hot = index_of(input, thread.id.value);
    } else {
      next = std::max(next, time);
    }
  }
  const bool clear = hot && most >= kMinTime && most / kTimesTheNext >= next;
  if (!clear || is_waiting(input.threads[*hot])) return std::nullopt;
  constexpr double kMicroseconds = 1e6, kPercent = 100;
  const auto share = static_cast<double>(most.count()) / static_cast<double>(total.count());
  return Culprit{*hot,
                 fmt::format("it used {:.1f} s of CPU time, {:.0f} % of what all threads used",
                             static_cast<double>(most.count()) / kMicroseconds, share * kPercent),
                 false, true};
}

}  // namespace

std::optional<Culprit> find_culprit(const Input& input, const LockState& locks) {
  if (input.threads.empty()) return std::nullopt;
  if (auto dying = find_dying(input)) return dying;
  if (!locks.deadlocks.empty()) {
    const auto& deadlock = locks.deadlocks.front();
    if (const auto thread = index_of(input, deadlock.threads.front()))
      return Culprit{*thread, describe(deadlock), true};
  }
  if (auto holder = find_holder(input, locks)) return holder;
  if (auto hot = find_hot_in_samples(input)) return hot;
  if (auto hot = find_hot(input)) return hot;
  const auto own =
      std::find_if(input.threads.begin(), input.threads.end(), [](const report::Thread& thread) {
        return std::any_of(thread.frames.begin(), thread.frames.end(),
                           [](const report::Frame& f) { return may_be_blamed(f) && !is_guess(f); });
      });
  if (own == input.threads.end() || own == input.threads.begin()) return Culprit{};
  return Culprit{static_cast<std::size_t>(std::distance(input.threads.begin(), own)),
                 "it is the first with code of the program on its stack"};
}

}  // namespace vigil::analysis
