// SPDX-License-Identifier: Apache-2.0
#include "analysis/analysis.h"

#include <algorithm>
#include <iterator>

#include "analysis/crash.h"
#include "analysis/hang.h"
#include "analysis/kernel.h"
#include "analysis/locks.h"
#include "analysis/signature.h"
#include "analysis/synopsis.h"
#include "analysis/wer_bucket.h"

namespace vigil::analysis {
namespace {

/// The thread of the exception.
std::optional<std::size_t> find_crashed_thread(const Input& input) {
  const auto id = input.snapshot.exception->thread.value;
  const auto found =
      std::find_if(input.threads.begin(), input.threads.end(),
                   [id](const report::Thread& thread) { return thread.thread_id == id; });
  if (found == input.threads.end()) return std::nullopt;
  return static_cast<std::size_t>(std::distance(input.threads.begin(), found));
}

}  // namespace

Findings analyze(const Input& input) {
  if (input.snapshot.kernel) return analyze_kernel(input);
  Findings findings;
  auto locks = find_locks(input);
  std::optional<Culprit> culprit;
  if (input.snapshot.exception) {
    findings.blamed_thread = find_crashed_thread(input);
    if (!has_crashed(input.snapshot) && findings.blamed_thread)
      culprit = Culprit{*findings.blamed_thread};
  } else if ((culprit = find_culprit(input, locks))) {
    findings.blamed_thread = culprit->thread;
    findings.blame_reason = culprit->reason;
  }
  findings.locks = std::move(locks.locks);
  findings.deadlocks = std::move(locks.deadlocks);
  const auto* stack = findings.blamed_thread ? &input.threads[*findings.blamed_thread] : nullptr;
  auto decoded = decode_crash(input, stack);
  if (decoded) findings.crash = decoded->crash;
  const auto* crash = findings.crash ? &*findings.crash : nullptr;
  if (stack != nullptr) findings.blamed_frame = select_frames(*stack, crash).blamed;
  findings.signature = make_signature(stack, crash);
  if (crash != nullptr) findings.signature.wer_bucket = make_wer_bucket(input.snapshot, *crash);
  findings.synopsis =
      make_synopsis(input, findings, decoded ? &*decoded : nullptr, culprit ? &*culprit : nullptr);
  return findings;
}

}  // namespace vigil::analysis
