// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/utf.h"
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

/// The first \p limit bytes of VS_VERSIONINFO, or fewer where it is shorter.
ByteView version_info(const PeImage& image, std::uint64_t limit) {
  if (image.directory(Directory::Resources).size == 0) return {};
  const auto data = find_version_data(image);
  if (!data) return {};
  return image.at(data->offset_to_data, std::min<std::uint64_t>(data->size, limit));
}

constexpr std::uint64_t aligned(std::uint64_t offset) {
  constexpr std::uint64_t kAlignment = 4;
  return (offset + kAlignment - 1) / kAlignment * kAlignment;
}

/// UTF-16 from \p offset to a NUL; without one within \p bytes, up to their end.
ByteView text_at(ByteView bytes, std::uint64_t offset) {
  std::uint64_t size = 0;
  for (; bytes.contains(offset + size, sizeof(char16_t)); size += sizeof(char16_t))
    if (*bytes.read<char16_t>(offset + size) == 0) break;
  return bytes.clamp(offset, size);
}

/// One block of VS_VERSIONINFO, taken apart.
struct Block {
  std::uint64_t size = 0;  ///< To the end of what is inside.
  std::string key;
  ByteView value;  ///< And what is behind it: lengths of text are in bytes in some images.
  ByteView inner;  ///< The blocks inside, where the value is as long as it claims.
};

std::optional<Block> block_at(ByteView bytes, std::uint64_t offset) {
  const auto head = bytes.read<format::VersionBlock>(offset);
  if (!head.ok() || head->length < sizeof(format::VersionBlock)) return std::nullopt;
  const auto all = bytes.clamp(offset, head->length);
  const auto key = text_at(all, sizeof(format::VersionBlock));
  const auto value = aligned(sizeof(format::VersionBlock) + key.size() + sizeof(char16_t));
  const auto inner = aligned(value + head->value_length);
  return Block{head->length, utf8_from_utf16_bytes(key).text, all.clamp(value, all.size()),
               all.clamp(inner, all.size())};
}

/// The block called \p key among those of \p bytes, or the first where no name is asked for.
std::optional<Block> find_block(ByteView bytes, std::string_view key) {
  constexpr int kMaxBlocks = 64;
  std::uint64_t offset = 0;
  for (int i = 0; i < kMaxBlocks; ++i) {
    auto block = block_at(bytes, offset);
    if (!block || key.empty() || block->key == key) return block;
    offset = aligned(offset + block->size);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> read_file_version(const PeImage& image) {
  const auto start =
      version_info(image, sizeof(format::VersionInfoStart)).read<format::VersionInfoStart>(0);
  if (!start.ok() || start->signature != format::kFixedFileInfoSignature) return std::nullopt;
  return fmt::format("{}.{}.{}.{}", start->file_version_ms >> 16, start->file_version_ms & 0xffff,
                     start->file_version_ls >> 16, start->file_version_ls & 0xffff);
}

std::optional<std::string> read_company(const PeImage& image) {
  constexpr std::uint64_t kMaxBytes = 0xffff;  // what a length can say
  const auto root = block_at(version_info(image, kMaxBytes), 0);
  const auto strings = root ? find_block(root->inner, "StringFileInfo") : std::nullopt;
  const auto language = strings ? find_block(strings->inner, {}) : std::nullopt;
  const auto company = language ? find_block(language->inner, "CompanyName") : std::nullopt;
  if (!company) return std::nullopt;
  return utf8_from_utf16_bytes(text_at(company->value, 0)).text;
}

}  // namespace vigil::image
