// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "image/format.h"
#include "image/image.h"

namespace vigil::image {
namespace {

/// Types in one image, or languages of one resource; the largest system DLLs have a few dozen.
constexpr std::uint32_t kMaxResourceEntries = 4096;
constexpr int kAnyId = -1;

/// The offset of the entry \p id of the directory at \p offset, or of its first entry. Offsets are
/// from the start of the resources.
std::optional<std::uint32_t> find_entry(const PeImage& image, std::uint64_t offset, int id) {
  const auto range = image.directory(Directory::Resources);
  const auto directory = image.at(range.rva + offset, sizeof(format::ResourceDirectory))
                             .read<format::ResourceDirectory>(0);
  if (!directory.ok()) return std::nullopt;
  const auto total =
      std::uint32_t{directory->number_of_named_entries} + directory->number_of_id_entries;
  const auto count = std::min(total, kMaxResourceEntries);
  const auto start = range.rva + offset + sizeof(*directory);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto entry =
        image.at(start + i * sizeof(format::ResourceEntry), sizeof(format::ResourceEntry))
            .read<format::ResourceEntry>(0);
    if (!entry.ok()) return std::nullopt;
    if (id == kAnyId || entry->name == static_cast<std::uint32_t>(id)) return entry->offset_to_data;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> find_subdirectory(const PeImage& image, std::uint32_t offset, int id) {
  const auto entry = find_entry(image, offset, id);
  if (!entry || (*entry & format::kResourceIsDirectory) == 0) return std::nullopt;
  return *entry & ~format::kResourceIsDirectory;
}

/// The tree has three levels: type, name, language. The first name and the first language are
/// taken.
std::optional<format::ResourceDataEntry> find_version_data(const PeImage& image) {
  const auto names = find_subdirectory(image, 0, int{format::kResourceTypeVersion});
  if (!names) return std::nullopt;
  const auto languages = find_subdirectory(image, *names, kAnyId);
  if (!languages) return std::nullopt;
  const auto leaf = find_entry(image, *languages, kAnyId);
  if (!leaf || (*leaf & format::kResourceIsDirectory) != 0) return std::nullopt;
  const auto range = image.directory(Directory::Resources);
  const auto data = image.at(std::uint64_t{range.rva} + *leaf, sizeof(format::ResourceDataEntry))
                        .read<format::ResourceDataEntry>(0);
  return data.ok() ? std::optional(*data) : std::nullopt;
}

}  // namespace

std::optional<std::string> read_file_version(const PeImage& image) {
  if (image.directory(Directory::Resources).size == 0) return std::nullopt;
  const auto data = find_version_data(image);
  if (!data) return std::nullopt;
  const auto start = image
                         .at(data->offset_to_data,
                             std::min<std::uint64_t>(data->size, sizeof(format::VersionInfoStart)))
                         .read<format::VersionInfoStart>(0);
  if (!start.ok() || start->signature != format::kFixedFileInfoSignature) return std::nullopt;
  return fmt::format("{}.{}.{}.{}", start->file_version_ms >> 16, start->file_version_ms & 0xffff,
                     start->file_version_ls >> 16, start->file_version_ls & 0xffff);
}

}  // namespace vigil::image
