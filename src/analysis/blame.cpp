// SPDX-License-Identifier: Apache-2.0
#include "analysis/blame.h"

#include "analysis/crash.h"
#include "analysis/function_name.h"
#include "analysis/siglists.h"
#include "base/utf.h"

namespace vigil::analysis {

bool is_system_module(std::string_view file_name) {
  return !find_system_module(ascii_lower(file_name)).empty();
}

bool may_be_blamed(const report::Frame& frame) {
  return !frame.module.empty() && find_pattern(SigList::Irrelevant, ascii_lower(frame.module),
                                               normalize_function(frame.function))
                                      .empty();
}

bool is_guess(const report::Frame& frame) noexcept {
  return frame.trust == "scan";
}

bool is_ended_by_runtime(const report::Crash* crash) noexcept {
  if (crash == nullptr) return false;
  const auto ending = ending_of(*crash);
  return ending == Ending::CxxException || ending == Ending::Abort || ending == Ending::Exit ||
         ending == Ending::StackOverflow;
}

}  // namespace vigil::analysis
