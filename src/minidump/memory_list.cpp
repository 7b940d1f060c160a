// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <tuple>

#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

/// A process of 64 GB has some hundred thousand regions.
constexpr std::uint64_t kMaxRegions = std::uint64_t{1} << 20;

constexpr auto kLastOffset = std::numeric_limits<std::uint64_t>::max();

}  // namespace

Status read_memory_list(Reader& reader, ByteView stream, MemoryRanges& memory) {
  VIGIL_TRY_ASSIGN(const auto list, counted_list<format::MemoryDescriptor>(reader, "memory list",
                                                                           stream, memory.room()));
  memory.reserve(list.size());
  for (std::uint64_t i = 0; i < list.size(); ++i) {
    const auto raw = list[i];
    memory.add(reader,
               {reader.address(raw.start_of_memory_range), raw.memory.data_size, raw.memory.rva});
  }
  return {};
}

Status read_memory64_list(Reader& reader, ByteView stream, MemoryRanges& memory) {
  VIGIL_TRY_ASSIGN(const auto head, stream.read<format::Memory64List>(0));
  const auto records = stream.clamp(sizeof(head), stream.size());
  constexpr auto kStride = sizeof(format::MemoryDescriptor64);
  const Records<format::MemoryDescriptor64> list(
      records, kStride,
      usable_records(reader, "64-bit memory list", head.number_of_memory_ranges, records, kStride,
                     memory.room()));
  // The bytes of all ranges follow each other from base_rva on, in the order of the list.
  auto offset = head.base_rva;
  memory.reserve(list.size());
  for (std::uint64_t i = 0; i < list.size(); ++i) {
    const auto raw = list[i];
    memory.add(reader, {reader.address(raw.start_of_memory_range), raw.data_size, offset});
    offset += std::min(raw.data_size, kLastOffset - offset);
  }
  return {};
}

Status read_memory_info_list(Reader& reader,
                             ByteView stream,
                             std::vector<snapshot::MemoryRegion>& regions) {
  VIGIL_TRY_ASSIGN(const auto list, (sized_list<format::MemoryInfo, std::uint64_t>(
                                        reader, "memory information", stream, kMaxRegions)));
  regions.reserve(static_cast<std::size_t>(list.size()));
  for (std::uint64_t i = 0; i < list.size(); ++i) {
    const auto raw = list[i];
    const auto base = reader.address(raw.base_address);
    regions.push_back({.range = {base, std::min(raw.region_size, kLastOffset - base)},
                       .allocation_base = reader.address(raw.allocation_base),
                       .allocation_protect = raw.allocation_protect,
                       .protect = raw.protect,
                       .state = raw.state,
                       .type = raw.type});
  }
  std::ranges::sort(regions, [](const auto& a, const auto& b) {
    return std::tie(a.range.base, a.range.size) < std::tie(b.range.base, b.range.size);
  });
  return {};
}

}  // namespace vigil::minidump
