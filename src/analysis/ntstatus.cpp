// SPDX-License-Identifier: Apache-2.0
#include "analysis/ntstatus.h"

#include <algorithm>
#include <string_view>

namespace vigil::analysis {
namespace {

struct Status {
  std::uint32_t value;
  std::string_view name;
};
constexpr Status kStatuses[] = {
#define VIGIL_NTSTATUS(value, name) {value, name},
#include "analysis/ntstatus_1.inc"
#include "analysis/ntstatus_2.inc"
#include "analysis/ntstatus_3.inc"
#include "analysis/ntstatus_4.inc"
#include "analysis/ntstatus_5.inc"
#undef VIGIL_NTSTATUS
};
constexpr auto kByValue = [](const Status& left, const Status& right) {
  return left.value < right.value;
};

}  // namespace

std::string ntstatus_name(std::uint32_t status) {
  const auto found =
      std::lower_bound(std::begin(kStatuses), std::end(kStatuses), Status{status, {}}, kByValue);
  if (found == std::end(kStatuses) || found->value != status) return {};
  return "STATUS_" + std::string(found->name);
}

}  // namespace vigil::analysis
