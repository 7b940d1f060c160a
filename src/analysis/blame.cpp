// SPDX-License-Identifier: Apache-2.0
#include "analysis/blame.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/utf.h"

namespace vigil::analysis {
namespace {

constexpr std::string_view kModules[] = {
#define VIGIL_SYSTEM_MODULE(name) name,
#define VIGIL_SYSTEM_MODULE_PREFIX(start)
#include "analysis/system_modules.inc"
#undef VIGIL_SYSTEM_MODULE
#undef VIGIL_SYSTEM_MODULE_PREFIX
};

constexpr std::string_view kPrefixes[] = {
#define VIGIL_SYSTEM_MODULE(name)
#define VIGIL_SYSTEM_MODULE_PREFIX(start) start,
#include "analysis/system_modules.inc"
#undef VIGIL_SYSTEM_MODULE
#undef VIGIL_SYSTEM_MODULE_PREFIX
};

constexpr std::string_view kMachinery[] = {
#define VIGIL_MACHINERY(name) name,
#include "analysis/machinery.inc"
#undef VIGIL_MACHINERY
};

template <class Predicate>
std::optional<std::size_t> first_frame(const report::Thread& thread, Predicate predicate) {
  const auto found = std::find_if(thread.frames.begin(), thread.frames.end(), predicate);
  if (found == thread.frames.end()) return std::nullopt;
  return static_cast<std::size_t>(std::distance(thread.frames.begin(), found));
}

}  // namespace

bool is_system_module(std::string_view file_name) {
  const auto name = ascii_lower(file_name);
  return std::find(std::begin(kModules), std::end(kModules), name) != std::end(kModules) ||
         std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&name](std::string_view start) { return name.starts_with(start); });
}

bool is_machinery(std::string_view function) noexcept {
  return std::find(std::begin(kMachinery), std::end(kMachinery), function) != std::end(kMachinery);
}

bool may_be_blamed(const report::Frame& frame) {
  return !frame.module.empty() && !is_system_module(frame.module) && !is_machinery(frame.function);
}

bool is_guess(const report::Frame& frame) noexcept {
  return frame.trust == "scan";
}

bool is_ended_by_runtime(const DecodedCrash* crash) noexcept {
  if (crash == nullptr) return false;
  const auto ending = crash->ending;
  return ending == Ending::CxxException || ending == Ending::Abort || ending == Ending::Exit ||
         ending == Ending::StackOverflow;
}

std::optional<std::size_t> find_blamed_frame(const report::Thread& thread,
                                             const DecodedCrash* crash) {
  if (is_ended_by_runtime(crash)) {
    const auto named = first_frame(thread, [](const report::Frame& frame) {
      return may_be_blamed(frame) && !is_guess(frame) && !frame.function.empty();
    });
    if (named) return named;
  }
  const auto sure = first_frame(
      thread, [](const report::Frame& frame) { return may_be_blamed(frame) && !is_guess(frame); });
  return sure ? sure : first_frame(thread, may_be_blamed);
}

}  // namespace vigil::analysis
