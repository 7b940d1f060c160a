// SPDX-License-Identifier: Apache-2.0
#include "analysis/signature.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "analysis/blame.h"
#include "analysis/crash.h"
#include "analysis/fast_fail.h"
#include "analysis/place.h"
#include "analysis/recursion.h"
#include "analysis/siglists.h"
#include "base/utf.h"

namespace vigil::analysis {
namespace {

/// Deeper frames say how the program got there, not what failed.
constexpr std::size_t kFramesToConsider = 64;
/// Prefixes of prefixes.
constexpr std::size_t kMaxParts = 5;
constexpr std::size_t kMaxSystemParts = 3;
constexpr std::size_t kMaxStrictParts = 5;
constexpr std::string_view kDelimiter = " | ";

/// A frame as the lists see it.
struct Names {
  std::string module;
  std::string function;
};

Names names_of(const report::Frame& frame) {
  return {ascii_lower(frame.module), normalize_function(frame.function)};
}

/// One part of the normalised key. The system's own code changes with every update, so it is named
/// by module and function, never by an offset.
std::string part_of(const report::Frame& frame, const Names& names) {
  if (names.module.empty()) return "(outside of any module)";
  if (!names.function.empty())
    return fmt::format("{}!{}", module_stem(frame.module), names.function);
  if (!find_system_module(names.module).empty()) return module_stem(frame.module);
  return fmt::format("{}+{:#x}", names.module, frame.module_offset);
}

/// Which frames one walk takes.
struct Walk {
  std::string_view how;
  bool named_only = false;
  bool guesses = false;
  bool system = false;
};

/// The innermost frame that the signature starts at.
std::size_t find_start(const report::Thread& stack, std::string_view& pattern) {
  const auto count = std::min(stack.frames.size(), kFramesToConsider);
  for (std::size_t i = 0; i < count; ++i) {
    if (stack.frames[i].function.empty() || is_guess(stack.frames[i])) continue;
    const auto names = names_of(stack.frames[i]);
    pattern = find_pattern(SigList::Sentinel, names.module, names.function);
    if (!pattern.empty()) return i;
  }
  return 0;
}

FrameDecision decide(const report::Frame& frame, const Walk& walk) {
  if (is_guess(frame) && !walk.guesses) return {Decision::Guess};
  const auto names = names_of(frame);
  if (walk.system) return {Decision::Prefix, {}, part_of(frame, names)};
  if (names.module.empty()) return {Decision::Irrelevant, "(outside of any module)"};
  const auto irrelevant = find_pattern(SigList::Irrelevant, names.module, names.function);
  if (!irrelevant.empty()) return {Decision::Irrelevant, irrelevant};
  if (walk.named_only && names.function.empty()) return {Decision::Unnamed};
  const auto prefix = find_pattern(SigList::Prefix, names.module, names.function);
  return {prefix.empty() ? Decision::Kept : Decision::Prefix, prefix, part_of(frame, names)};
}

/// Puts the part of \p decided into \p selection, and gives whether the walk is at its end.
bool take(FrameDecision& decided, std::size_t index, std::size_t limit, Selection& selection) {
  if (decided.decision != Decision::Prefix && decided.decision != Decision::Kept) return false;
  if (!selection.blamed || decided.decision == Decision::Kept) selection.blamed = index;
  if (!selection.parts.empty() && selection.parts.back() == decided.part) {
    // A function that calls itself is there once.
    const bool last = decided.decision == Decision::Kept;
    decided.decision = Decision::Same;
    return last;
  }
  selection.parts.push_back(decided.part);
  return decided.decision == Decision::Kept || selection.parts.size() == limit;
}

Selection run(const report::Thread& stack, const Walk& walk) {
  Selection selection{walk.how, {}, {}, {}};
  std::string_view sentinel;
  const auto start = walk.system ? 0 : find_start(stack, sentinel);
  const auto count = std::min(stack.frames.size(), kFramesToConsider);
  bool done = false;
  for (std::size_t i = 0; i < count; ++i) {
    auto& decided = selection.frames.emplace_back();
    if (i < start) {
      decided = {Decision::AboveSentinel, sentinel};
    } else if (!done) {
      decided = decide(stack.frames[i], walk);
      done = take(decided, i, walk.system ? kMaxSystemParts : kMaxParts, selection);
    }
  }
  if (walk.system) selection.blamed.reset();
  return selection;
}

/// The round of a stack overflow: where in it the stack ended is chance.
std::optional<Selection> run_recursion(const report::Thread& stack) {
  const auto recursion = find_recursion(stack);
  if (!recursion) return std::nullopt;
  Selection selection{"the functions that the stack repeats", {}, {}, {}};
  selection.frames.resize(std::min(stack.frames.size(), kFramesToConsider));
  for (const auto index : recursion->frames) {
    const auto& frame = stack.frames[index];
    const auto names = names_of(frame);
    if (names.module.empty() || is_guess(frame)) continue;
    const auto pattern = find_pattern(SigList::Irrelevant, names.module, names.function);
    auto decided = pattern.empty() ? FrameDecision{Decision::Kept, {}, part_of(frame, names)}
                                   : FrameDecision{Decision::Irrelevant, pattern, {}};
    const bool more = selection.parts.size() < kMaxParts;
    if (pattern.empty() && more) {
      if (!selection.blamed) selection.blamed = index;
      selection.parts.push_back(decided.part);
    }
    if (index < selection.frames.size()) selection.frames[index] = std::move(decided);
  }
  return selection.parts.empty() ? std::nullopt : std::optional(std::move(selection));
}

std::string class_of(const report::Crash* crash) {
  if (crash == nullptr) return "NO_EXCEPTION";
  const auto ending = ending_of(*crash);
  if (ending == Ending::Exit) return crash->name + " (exit)";
  if (ending == Ending::FastFail && !crash->parameters.empty()) {
    const auto name = fast_fail_name(crash->parameters.front());
    return fmt::format(
        "{} ({})", crash->name,
        name.empty() ? fmt::format("{}", crash->parameters.front()) : std::string(name));
  }
  return crash->name;
}

std::string within(std::size_t limit, std::string text) {
  constexpr std::string_view kCut = "...";
  if (text.size() <= limit) return text;
  auto end = limit - kCut.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end).append(kCut);
}

/// The parts, and what failed. That comes last and is never cut off: the names of exceptions are
/// short.
std::string join(const std::vector<std::string>& parts, const std::string& what) {
  std::string where;
  for (const auto& part : parts) {
    if (!where.empty()) where += kDelimiter;
    where += part;
  }
  if (where.empty()) where = "(no stack)";
  const auto end = std::string(kDelimiter) + what;
  return printable_utf8(within(kMaxSignatureBytes - end.size(), std::move(where)) + end);
}

}  // namespace

Selection select_frames(const report::Thread& stack, const report::Crash* crash) {
  constexpr Walk kNamed = {"the innermost frames with a name: a runtime ended the process", true,
                           false, false};
  constexpr Walk kSure = {"the innermost frames", false, false, false};
  constexpr Walk kGuesses = {"the innermost frame, of those found by scanning", false, true, false};
  constexpr Walk kSystem = {"the system's frames: there are no others", false, false, true};
  if (crash != nullptr && ending_of(*crash) == Ending::StackOverflow) {
    if (auto selection = run_recursion(stack)) return *std::move(selection);
  }
  if (is_ended_by_runtime(crash)) {
    if (auto selection = run(stack, kNamed); !selection.parts.empty()) return selection;
  }
  for (const auto& walk : {kSure, kGuesses}) {
    if (auto selection = run(stack, walk); !selection.parts.empty()) return selection;
  }
  return run(stack, kSystem);
}

Selection select_strict_frames(const report::Thread& stack, const report::Crash* crash) {
  Selection selection{
      "module and offset of the innermost frames, which needs no symbols", {}, {}, {}};
  const bool overflow = crash != nullptr && ending_of(*crash) == Ending::StackOverflow;
  const auto recursion = overflow ? find_recursion(stack) : std::nullopt;
  const auto count = std::min(stack.frames.size(), kFramesToConsider);
  for (std::size_t i = 0; i < count; ++i) {
    auto& decided = selection.frames.emplace_back();
    if (selection.parts.size() == kMaxStrictParts) continue;
    const auto& frame = stack.frames[i];
    const auto module = ascii_lower(frame.module);
    const auto system = find_system_module(module);
    const bool repeated =
        !recursion ||
        std::find(recursion->frames.begin(), recursion->frames.end(), i) != recursion->frames.end();
    if (is_guess(frame)) {
      decided.decision = Decision::Guess;
    } else if (frame.trust == report::kInlineTrust) {
      decided.decision = Decision::Inline;
    } else if (module.empty() || !system.empty()) {
      decided = {Decision::Irrelevant, module.empty() ? "(outside of any module)" : system, {}};
    } else if (repeated) {
      decided = {Decision::Kept, {}, fmt::format("{}+{:#x}", module, frame.module_offset)};
      selection.parts.push_back(decided.part);
    }
  }
  // Where in the circle the stack ended is chance.
  if (recursion) std::sort(selection.parts.begin(), selection.parts.end());
  if (selection.parts.empty())
    return run(stack, {"the system's frames: there are no others", false, false, true});
  return selection;
}

report::Signature make_signature(const report::Thread* stack, const report::Crash* crash) {
  const report::Thread no_stack;
  const auto& frames = stack == nullptr ? no_stack : *stack;
  const auto what = class_of(crash);
  const bool access = crash != nullptr && !crash->access.empty();
  report::Signature signature;
  signature.text = join(select_frames(frames, crash).parts, what);
  signature.strict = join(select_strict_frames(frames, crash).parts,
                          access ? fmt::format("{} {}", what, crash->access) : what);
  signature.version = kSignatureVersion;
  return signature;
}

report::Signature make_signature_of(std::string part, const report::Crash& crash) {
  report::Signature signature;
  signature.text = join({std::move(part)}, class_of(&crash));
  signature.strict = signature.text;
  signature.version = kSignatureVersion;
  return signature;
}

}  // namespace vigil::analysis
