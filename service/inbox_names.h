// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "capture/capture.h"

/// What the names of files in the inbox tell.
namespace vigil::service {

inline constexpr std::string_view kDumpSuffix = ".dmp";
inline constexpr std::string_view kCompressedSuffix = ".dmp.zst";

[[nodiscard]] inline bool is_event(std::string_view name) {
  return name.ends_with(capture::kEventSuffix);
}
[[nodiscard]] inline bool is_dump(std::string_view name) {
  return name.ends_with(kDumpSuffix) || name.ends_with(kCompressedSuffix);
}
[[nodiscard]] inline bool is_partial(std::string_view name) {
  return name.ends_with(capture::kPartialSuffix);
}

/// Of a dump's name: that of the event file which its dumper puts beside it.
[[nodiscard]] inline std::string event_name_of(std::string_view name) {
  for (const auto suffix : {kCompressedSuffix, kDumpSuffix}) {
    if (name.ends_with(suffix)) {
      return fmt::format("{}{}", name.substr(0, name.size() - suffix.size()),
                         capture::kEventSuffix);
    }
  }
  return {};
}

}  // namespace vigil::service
