// SPDX-License-Identifier: Apache-2.0
#include "pdb/sections.h"

#include <algorithm>

#include "pdb/format.h"
#include "pdb/search.h"

namespace vigil::pdb {
namespace {

/// The loader takes 96; the records have 16 bits.
constexpr std::uint64_t kMaxSections = 0xffff;

/// A map of nothing leaves all as it is.
std::optional<std::uint32_t> translate(const Stream& map, std::uint32_t rva) {
  if (map.empty()) return rva;
  const std::uint64_t after = count_up_to(map.size() / sizeof(format::Omap), [&](std::uint64_t i) {
    const auto entry = map.read<format::Omap>(i * sizeof(format::Omap));
    return entry.ok() && entry->from <= rva;
  });
  if (after == 0) return std::nullopt;
  const auto entry = map.read<format::Omap>((after - 1) * sizeof(format::Omap));
  if (!entry.ok() || entry->to == 0) return std::nullopt;
  return entry->to + (rva - entry->from);  // wraps in damaged maps only, and is checked by users
}

}  // namespace

Result<Sections> Sections::read(const Stream& headers,
                                const Stream& omap_to_source,
                                const Stream& omap_from_source) {
  Sections result;
  const auto count = std::min(headers.size() / sizeof(format::SectionHeader), kMaxSections);
  result.sections_.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) {
    VIGIL_TRY_ASSIGN(const auto raw,
                     headers.read<format::SectionHeader>(i * sizeof(format::SectionHeader)));
    result.sections_.push_back(
        {.rva = raw.virtual_address,
         .size = raw.virtual_size != 0 ? raw.virtual_size : raw.size_of_raw_data});
  }
  if (result.sections_.empty()) return Error{Errc::NotFound, "there are no section headers"};
  result.omap_to_source_ = omap_to_source;
  result.omap_from_source_ = omap_from_source;
  return result;
}

std::optional<std::uint32_t> Sections::to_source(std::uint32_t rva) const {
  return translate(omap_to_source_, rva);
}

std::optional<std::uint32_t> Sections::from_source(std::uint32_t rva) const {
  return translate(omap_from_source_, rva);
}

std::optional<SectionOffset> Sections::place(std::uint32_t rva) const {
  const auto source = to_source(rva);
  if (!source) return std::nullopt;
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    const Section& section = sections_[i];
    if (*source >= section.rva && *source - section.rva < section.size) {
      return SectionOffset{static_cast<std::uint16_t>(i + 1), *source - section.rva};
    }
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Sections::rva(SectionOffset place) const {
  if (place.section == 0 || place.section > sections_.size()) return std::nullopt;
  const Section& section = sections_[place.section - 1u];
  if (place.offset >= section.size) return std::nullopt;
  return from_source(section.rva + place.offset);
}

}  // namespace vigil::pdb
