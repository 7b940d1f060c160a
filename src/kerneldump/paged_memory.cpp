// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/paged_memory.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace vigil::kerneldump {

ByteView PagedMemory::piece(std::uint64_t address, std::uint64_t size) {
  std::optional<std::uint64_t> start;
  std::uint64_t length = 0;
  while (length < size) {
    const auto here = address + length;
    const auto mapping = translator_.translate(here);
    const auto offset = mapping ? physical_.offset_of(mapping->physical) : std::nullopt;
    if (!offset || (start && *offset != *start + length)) break;
    if (!start) start = offset;
    length += std::min(size - length, kPageBytes - here % kPageBytes);
  }
  return start ? file_.clamp(*start, length) : ByteView{};
}

ByteView PagedMemory::at(std::uint64_t address, std::uint64_t size) {
  size = std::min(size, std::numeric_limits<std::uint64_t>::max() - address);
  size = JoinedBytes::limited(size);
  const auto first = piece(address, size);
  if (first.empty() || first.size() == size) return first;
  if (piece(address + first.size(), 1).empty()) return first;
  const auto joined =
      joined_.join(address, size, [this](auto from, auto left) { return piece(from, left); });
  return joined.empty() ? first : joined;
}

}  // namespace vigil::kerneldump
