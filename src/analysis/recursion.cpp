// SPDX-License-Identifier: Apache-2.0
#include "analysis/recursion.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "analysis/place.h"

namespace vigil::analysis {
namespace {

/// Longer circles are rare, and three rounds of them would not fit into what is walked of a stack.
constexpr std::size_t kMaxRound = 40;
/// What was called last may lie on top of the circle: a probe of the stack, a runtime's function.
constexpr std::size_t kMaxOnTop = 24;
constexpr std::size_t kMinRounds = 3;

/// Frames of one function, or without a name of one place, are the same.
bool same_function(const report::Frame& a, const report::Frame& b) {
  if (a.module != b.module || a.function != b.function) return false;
  return !a.function.empty() || a.module_offset == b.module_offset;
}

/// How many frames from \p start on equal the ones \p round further out.
std::size_t run_length(const std::vector<report::Frame>& frames,
                       std::size_t start,
                       std::size_t round) {
  std::size_t length = 0;
  while (start + length + round < frames.size() &&
         same_function(frames[start + length], frames[start + length + round])) {
    ++length;
  }
  return length;
}

/// The rotation of the circle whose names sort first: where a stack ends is chance.
std::vector<std::size_t> turned(std::vector<std::size_t> round, const report::Thread& thread) {
  const auto sorts_before = [&thread](std::size_t a, std::size_t b) {
    return name_of(thread.frames[a]) < name_of(thread.frames[b]);
  };
  auto best = round;
  for (std::size_t turn = 1; turn < round.size(); ++turn) {
    std::rotate(round.begin(), round.begin() + 1, round.end());
    if (std::lexicographical_compare(round.begin(), round.end(), best.begin(), best.end(),
                                     sorts_before)) {
      best = round;
    }
  }
  return best;
}

}  // namespace

std::optional<Recursion> find_recursion(const report::Thread& thread) {
  const auto& frames = thread.frames;
  for (std::size_t round = 1; round <= kMaxRound; ++round) {
    for (std::size_t start = 0; start < std::min(kMaxOnTop, frames.size()); ++start) {
      const auto length = run_length(frames, start, round);
      if (length < (kMinRounds - 1) * round) continue;
      Recursion result;
      for (std::size_t i = 0; i < round; ++i) result.frames.push_back(start + round - 1 - i);
      result.frames = turned(std::move(result.frames), thread);
      result.rounds = (length + round) / round;
      result.cut = start + length + round == frames.size() && thread.stop_reason != "end_of_stack";
      return result;
    }
  }
  return std::nullopt;
}

std::string describe(const Recursion& recursion, const report::Thread& thread) {
  constexpr std::size_t kMaxNamed = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(recursion.frames.size(), kMaxNamed); ++i) {
    if (i != 0) text += " -> ";
    text += name_of(thread.frames[recursion.frames[i]]);
  }
  if (recursion.frames.size() > kMaxNamed)
    text += fmt::format(" -> {} more", recursion.frames.size() - kMaxNamed);
  return fmt::format("{}, {}{} times", text, recursion.cut ? "at least " : "", recursion.rounds);
}

}  // namespace vigil::analysis
