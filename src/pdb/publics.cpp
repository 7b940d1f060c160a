// SPDX-License-Identifier: Apache-2.0
#include "pdb/publics.h"

#include <fmt/format.h>

#include "pdb/format.h"
#include "pdb/search.h"

namespace vigil::pdb {
namespace {

constexpr std::uint32_t kPublicIsFunction = 2;
/// A record is no longer.
constexpr std::uint64_t kMaxNameBytes = 65'536;

}  // namespace

Result<Publics> Publics::open(const Stream& publics, const Stream& symbols) {
  VIGIL_TRY_ASSIGN(const auto header, publics.read<format::PublicsHeader>(0));
  const std::uint64_t start = sizeof(header) + std::uint64_t{header.hash_size};
  if (!publics.contains(start, header.address_map_size)) {
    return Error{Errc::Truncated,
                 fmt::format("an address map of {} bytes at offset {:#x} of {} bytes",
                             header.address_map_size, start, publics.size())};
  }
  Publics result;
  result.names_ = publics.part(sizeof(header), header.hash_size);
  result.address_map_ = publics.part(start, header.address_map_size);
  result.symbols_ = symbols;
  return result;
}

Result<Publics::Record> Publics::record(std::uint64_t index) const {
  VIGIL_TRY_ASSIGN(const auto offset,
                   address_map_.read<std::uint32_t>(index * sizeof(std::uint32_t)));
  VIGIL_TRY_ASSIGN(const auto header, symbols_.read<format::RecordHeader>(offset));
  if (header.kind != static_cast<std::uint16_t>(format::Symbol::Pub32)) {
    return Error{Errc::Malformed, fmt::format("record {:#06x} at offset {:#x} is no public symbol",
                                              header.kind, offset)};
  }
  VIGIL_TRY_ASSIGN(const auto raw, symbols_.read<format::Pub32>(offset + sizeof(header)));
  return Record{.start = {raw.section, raw.offset},
                .is_function = (raw.flags & kPublicIsFunction) != 0,
                .offset = offset};
}

std::optional<Public> Publics::nearest(SectionOffset place) const {
  std::uint64_t next =
      count_up_to(address_map_.size() / sizeof(std::uint32_t), [&](std::uint64_t i) {
        const auto entry = record(i);
        return entry.ok() && entry->start <= place;
      });
  std::optional<Record> best;
  for (int i = 0; i < kMaxOverlaps && next > 0; ++i) {
    const auto entry = record(--next);
    if (!entry.ok() || entry->start.section != place.section || entry->start > place) break;
    if (best && entry->start != best->start) break;
    if (!best || entry->is_function) best = *entry;
    if (best->is_function) break;
  }
  if (!best) return std::nullopt;
  auto name = symbols_.c_string(
      best->offset + sizeof(format::RecordHeader) + format::kPub32NameOffset, kMaxNameBytes);
  if (!name.ok() || name->empty()) return std::nullopt;
  return Public{.start = best->start, .name = std::move(name).take()};
}

}  // namespace vigil::pdb
