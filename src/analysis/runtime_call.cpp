// SPDX-License-Identifier: Apache-2.0
#include "analysis/runtime_call.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>

#include "analysis/function_name.h"

namespace vigil::analysis {
namespace {

struct RuntimeCall {
  std::string_view function, clause;
};
constexpr RuntimeCall kCalls[] = {
#define VIGIL_RUNTIME_CALL(function, clause) {function, clause},
#include "analysis/runtime_calls.inc"
#undef VIGIL_RUNTIME_CALL
};
/// What ends a process is called from nearby.
constexpr std::size_t kFramesToSearch = 16;

bool is(std::string_view function, std::string_view pattern) {
  if (!pattern.ends_with('*')) return function == pattern;
  pattern.remove_suffix(1);
  return function.starts_with(pattern);
}

}  // namespace

std::string_view find_runtime_call(const report::Thread& stack) {
  const RuntimeCall* best = nullptr;
  for (std::size_t i = 0; i < std::min(stack.frames.size(), kFramesToSearch); ++i) {
    if (stack.frames[i].function.empty()) continue;
    const auto function = normalize_function(stack.frames[i].function);
    const auto* found =
        std::find_if(std::begin(kCalls), best == nullptr ? std::end(kCalls) : best,
                     [&](const RuntimeCall& call) { return is(function, call.function); });
    const bool better = found != (best == nullptr ? std::end(kCalls) : best);
    if (better) best = found;
  }
  return best == nullptr ? std::string_view() : best->clause;
}

}  // namespace vigil::analysis
