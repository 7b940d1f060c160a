// SPDX-License-Identifier: Apache-2.0
#include "base/byte_view.h"

#include <fmt/format.h>

namespace vigil {

Error ByteView::truncated(std::uint64_t size, std::uint64_t offset) const {
  return {Errc::Truncated, fmt::format("needs {} bytes at offset {:#x} and has {} in all", size,
                                       offset, bytes_.size())};
}

Result<std::string_view> ByteView::c_string(std::uint64_t offset, std::uint64_t limit) const {
  const ByteView rest = clamp(offset, limit);
  const auto end = rest.text().find('\0');
  if (end != std::string_view::npos) return rest.text().substr(0, end);
  if (rest.size() == limit) {
    return Error{Errc::LimitExceeded,
                 fmt::format("string at offset {:#x} is longer than {}", offset, limit)};
  }
  return Error{Errc::Truncated, fmt::format("string at offset {:#x} has no end", offset)};
}

}  // namespace vigil
