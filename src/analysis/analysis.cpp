// SPDX-License-Identifier: Apache-2.0
#include "analysis/analysis.h"

#include <algorithm>
#include <iterator>

#include "analysis/blame.h"
#include "analysis/crash.h"
#include "analysis/signature.h"
#include "analysis/synopsis.h"

namespace vigil::analysis {
namespace {

/// The thread of the exception; without one the first, which is the one that the program started
/// with.
std::optional<std::size_t> find_blamed_thread(const Input& input) {
  if (input.threads.empty()) return std::nullopt;
  if (!input.snapshot.exception) return 0;
  const auto id = input.snapshot.exception->thread.value;
  const auto found =
      std::find_if(input.threads.begin(), input.threads.end(),
                   [id](const report::Thread& thread) { return thread.thread_id == id; });
  if (found == input.threads.end()) return std::nullopt;
  return static_cast<std::size_t>(std::distance(input.threads.begin(), found));
}

}  // namespace

Findings analyze(const Input& input) {
  Findings findings;
  findings.blamed_thread = find_blamed_thread(input);
  const auto* stack = findings.blamed_thread ? &input.threads[*findings.blamed_thread] : nullptr;
  auto decoded = decode_crash(input, stack);
  if (decoded) findings.crash = decoded->crash;
  const auto* crash = decoded ? &*decoded : nullptr;
  if (stack != nullptr) findings.blamed_frame = find_blamed_frame(*stack, crash);
  findings.signature = make_signature(stack, crash);
  findings.synopsis = make_synopsis(input, findings, crash);
  return findings;
}

}  // namespace vigil::analysis
