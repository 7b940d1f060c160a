// SPDX-License-Identifier: Apache-2.0
#include "report/time_stamp.h"

#include <charconv>
#include <system_error>

namespace vigil::report {

std::optional<std::uint32_t> time_stamp_of(const Module& module) {
  constexpr std::size_t kDigitsOfStamp = 8;
  constexpr int kHex = 16;
  if (module.code_id.size() < kDigitsOfStamp) return std::nullopt;
  const auto* first = module.code_id.data();
  std::uint32_t stamp = 0;
  const auto parsed = std::from_chars(first, first + kDigitsOfStamp, stamp, kHex);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == first + kDigitsOfStamp;
  return whole && stamp != 0 ? std::optional(stamp) : std::nullopt;
}

std::optional<Timestamp> link_time_of(const Module& module, Timestamp dump_time) {
  constexpr std::uint32_t kYear1990 = 631'152'000;
  const auto stamp = time_stamp_of(module);
  if (!stamp || *stamp < kYear1990) return std::nullopt;
  constexpr std::int64_t kMicroseconds = 1'000'000;
  const Timestamp time{*stamp * kMicroseconds};
  const bool later = dump_time != Timestamp{} && time > dump_time;
  return later ? std::nullopt : std::optional(time);
}

}  // namespace vigil::report
