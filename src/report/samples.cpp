// SPDX-License-Identifier: Apache-2.0
// What samples show, in words.
#include <chrono>

#include <fmt/format.h>

#include "base/words.h"
#include "report/report.h"

namespace vigil::report {

std::string in_words(const Samples& samples) {
  const auto span = format_duration(std::chrono::milliseconds(samples.span_ms));
  // Sums of a hostile report must not overflow.
  const auto threads = std::uint64_t{samples.same} + samples.innermost + samples.changed +
                       samples.unknown + samples.ended;
  auto text = fmt::format("{} samples over {}: {} of {} did not move", samples.count, span,
                          samples.same, counted(threads, "thread"));
  if (samples.innermost > 0) text += fmt::format(", {} ran in place", samples.innermost);
  if (samples.unknown > 0) text += fmt::format(", of {} it is not known", samples.unknown);
  if (samples.ended > 0) text += fmt::format(", {} ended", samples.ended);
  if (samples.started > 0) text += fmt::format("; {} started", samples.started);
  return text;
}

std::string in_words(const Movement& movement, const Samples& samples) {
  const bool ended = movement.samples < samples.count;
  if (ended && movement.samples <= 1) return "ended before the second sample";
  const auto in = fmt::format("in {} samples{}", movement.samples, ended ? ", then ended" : "");
  if (movement.stack == "same") return "did not move " + in;
  if (movement.stack == "ran") return "ran, and was at the same place " + in;
  if (movement.stack == "innermost") return "moved only within its innermost frame " + in;
  return (movement.stack == "changed" ? "moved " : "may have moved ") + in;
}

}  // namespace vigil::report
