// SPDX-License-Identifier: Apache-2.0
#include "analysis/fast_fail.h"

#include <algorithm>
#include <iterator>

#include "analysis/analysis.h"

namespace vigil::analysis {
namespace {

constexpr FastFailInfo kCodes[] = {
#define VIGIL_FAST_FAIL(code, name, meaning) {code, name, meaning},
#include "analysis/fast_fail_codes.inc"
#undef VIGIL_FAST_FAIL
};

}  // namespace

const FastFailInfo* find_fast_fail(std::uint64_t code) noexcept {
  const auto* found = std::find_if(std::begin(kCodes), std::end(kCodes),
                                   [code](const FastFailInfo& info) { return info.code == code; });
  return found == std::end(kCodes) ? nullptr : found;
}

std::string_view fast_fail_name(std::uint64_t code) noexcept {
  const auto* info = find_fast_fail(code);
  return info == nullptr ? std::string_view() : info->name;
}

}  // namespace vigil::analysis
