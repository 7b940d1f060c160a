// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "analysis/analysis.h"
#include "analysis/signature.h"

namespace vigil::analysis {
namespace {

struct Words {
  std::string_view decision, why;
};

/// \p why stands where no pattern decided.
Words words_for(Decision decision) {
  switch (decision) {
    case Decision::AboveSentinel: return {"sentinel", "further out is a function to start at"};
    case Decision::Irrelevant: return {"irrelevant", ""};
    case Decision::Guess: return {"guess", "found by scanning the stack"};
    case Decision::Inline: return {"inline", "has no address of its own"};
    case Decision::Unnamed: return {"unnamed", "may be a runtime that is linked in"};
    case Decision::Prefix: return {"prefix", "says too little alone"};
    case Decision::Kept: return {"kept", ""};
    case Decision::Same: return {"same", "equals the one before"};
    case Decision::Stop: return {"stop", ""};
  }
  return {};
}

ExplainedKey explain(std::string name,
                     std::string text,
                     const Selection& selection,
                     const report::Thread& stack) {
  ExplainedKey key{std::move(name), std::move(text), std::string(selection.how), {}};
  const auto count = std::min(selection.frames.size(), stack.frames.size());
  for (std::size_t i = 0; i < count; ++i) {
    const auto& decided = selection.frames[i];
    const auto words = words_for(decided.decision);
    const auto why = decided.pattern.empty() ? words.why : decided.pattern;
    key.frames.push_back({report::place_of(stack.frames[i]), std::string(words.decision),
                          std::string(why), decided.part});
  }
  return key;
}

}  // namespace

std::vector<ExplainedKey> explain_signature(const report::Report& report) {
  if (report.kernel) {
    const auto how = report.blame_reason.empty() ? std::string("the bugcheck: nobody is blamed")
                                                 : "who is to blame: " + report.blame_reason;
    return {{"normalised", report.signature.text, how, {}},
            {"strict", report.signature.strict, how, {}}};
  }
  const bool has_stack = report.blamed_thread && *report.blamed_thread < report.threads.size();
  const auto stack = has_stack ? report.threads[*report.blamed_thread] : report::Thread();
  const auto* crash = report.crash ? &*report.crash : nullptr;
  const auto signature = make_signature(has_stack ? &stack : nullptr, crash);
  std::vector<ExplainedKey> keys;
  keys.push_back(explain("normalised", signature.text, select_frames(stack, crash), stack));
  keys.push_back(explain("strict", signature.strict, select_strict_frames(stack, crash), stack));
  if (!report.signature.wer_bucket.empty()) {
    keys.push_back({"wer",
                    report.signature.wer_bucket,
                    "the parameters of Windows Error Reporting: program, module, code, offset",
                    {}});
  }
  return keys;
}

}  // namespace vigil::analysis
