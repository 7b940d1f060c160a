// SPDX-License-Identifier: Apache-2.0
#include "report/time_stamp.h"

#include <charconv>
#include <string_view>
#include <system_error>

namespace vigil::report {
namespace {

/// The number that \p text begins with; 0: none.
std::uint32_t number_in(std::string_view text, int radix) {
  std::uint32_t number = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), number, radix);
  return number;
}

std::uint32_t stamp_in(std::string_view code_id) {
  constexpr std::size_t kDigitsOfStamp = 8;
  constexpr int kHex = 16;
  return number_in(code_id.substr(0, kDigitsOfStamp), kHex);
}

/// `19041` of `10.0.19041`
std::uint32_t build_in(std::string_view os_version) {
  const auto dot = os_version.rfind('.');
  constexpr int kDecimal = 10;
  return dot == std::string_view::npos ? 0 : number_in(os_version.substr(dot + 1), kDecimal);
}

bool can_be_a_time(std::uint32_t stamp, const Report& report) {
  constexpr std::uint32_t kYear1990 = 631'152'000;
  constexpr std::uint32_t kYear2003 = 1'041'379'200;  // of the first Windows for x64
  if (stamp < (report.system.cpu == "x86" ? kYear1990 : kYear2003)) return false;
  constexpr std::int64_t kMicroseconds = 1'000'000;
  return report.dump_time == Timestamp{} || Timestamp{stamp * kMicroseconds} <= report.dump_time;
}

}  // namespace

LinkStamp link_stamp_of(const Module& module, const Report& report) {
  const auto stamp = stamp_in(module.code_id);
  if (stamp == 0) return {};
  if (module.reproducible.value_or(false) || !can_be_a_time(stamp, report))
    return {.time = {}, .is_hash = true};
  constexpr std::uint32_t kFirstReproducibleBuild = 15063;
  const bool of_windows = !module.third_party;
  if (!module.reproducible && of_windows &&
      build_in(report.system.os_version) >= kFirstReproducibleBuild)
    return {};
  constexpr std::int64_t kMicroseconds = 1'000'000;
  return {.time = Timestamp{stamp * kMicroseconds}, .is_hash = false};
}

}  // namespace vigil::report
