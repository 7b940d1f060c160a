// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "image/format.h"
#include "image/image.h"

namespace vigil::image {
namespace {

/// Linkers write three or four entries.
constexpr std::uint64_t kMaxDebugEntries = 64;
constexpr std::uint64_t kMaxDebugFileBytes = 4096;

std::optional<CodeView> codeview_at(const PeImage& image, std::uint64_t rva) {
  const auto rsds = image.at(rva, sizeof(format::CodeViewRsds)).read<format::CodeViewRsds>(0);
  if (rsds.ok() && rsds->signature == format::kRsds) {
    return CodeView{debug_id_of(rsds->guid, rsds->age),
                    image.string_at(rva + sizeof(*rsds), kMaxDebugFileBytes).value_or("")};
  }
  const auto nb10 = image.at(rva, sizeof(format::CodeViewNb10)).read<format::CodeViewNb10>(0);
  if (nb10.ok() && nb10->signature == format::kNb10) {
    return CodeView{fmt::format("{:08X}{:x}", nb10->time_date_stamp, nb10->age),
                    image.string_at(rva + sizeof(*nb10), kMaxDebugFileBytes).value_or("")};
  }
  return std::nullopt;
}

/// How many entries the directory claims, within the limit.
std::uint64_t entry_count(const PeImage& image) {
  const auto bytes = image.directory(Directory::Debug).size;
  return std::min(bytes / sizeof(format::DebugDirectory), kMaxDebugEntries);
}

Result<format::DebugDirectory> entry_at(const PeImage& image, std::uint64_t index) {
  constexpr auto kBytes = sizeof(format::DebugDirectory);
  const auto start = image.directory(Directory::Debug).rva;
  return image.at(start + index * kBytes, kBytes).read<format::DebugDirectory>(0);
}

}  // namespace

std::optional<CodeView> read_codeview(const PeImage& image) {
  for (std::uint64_t i = 0; i < entry_count(image); ++i) {
    const auto entry = entry_at(image, i);
    if (!entry.ok()) break;
    if (entry->type != format::kDebugTypeCodeView) continue;
    if (auto found = codeview_at(image, entry->address_of_raw_data)) return found;
  }
  return std::nullopt;
}

std::optional<bool> is_reproducible(const PeImage& image) {
  const auto count = entry_count(image);
  if (count == 0) return std::nullopt;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto entry = entry_at(image, i);
    if (!entry.ok()) return std::nullopt;
    if (entry->type == format::kDebugTypeRepro) return true;
  }
  return false;
}

}  // namespace vigil::image
