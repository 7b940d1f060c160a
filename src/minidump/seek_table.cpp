// SPDX-License-Identifier: Apache-2.0
#include "minidump/seek_table.h"

#include <fmt/format.h>

namespace vigil::minidump {
namespace {

// The format: a skippable frame at the end of the file, which holds the sizes of all frames before
// it and a footer. See "zstd seekable format" in zstd's contrib/seekable_format.
constexpr std::uint32_t kSkippableMagic = 0x184d2a5e;
constexpr std::uint32_t kFooterMagic = 0x8f92eab1;
constexpr std::uint64_t kSkippableHeaderBytes = 8;  // magic, size of what follows
constexpr std::uint64_t kFooterBytes = 9;           // count, descriptor, magic
constexpr std::uint8_t kHasChecksums = 0x80;
constexpr std::uint8_t kReservedBits = 0x7c;
constexpr std::uint64_t kEntryBytes = 8;  // packed size, unpacked size
constexpr std::uint64_t kChecksumBytes = 4;

/// With frames of one megabyte, a dump of one terabyte.
constexpr std::uint64_t kMaxFrames = std::uint64_t{1} << 20;

struct Footer {
  std::uint64_t count;
  std::uint64_t entry_bytes;
};

Error malformed(std::string what) {
  return Error{Errc::Malformed, "seek table: " + std::move(what)};
}

Result<std::optional<Footer>> read_footer(ByteSource& file) {
  if (file.size() < kSkippableHeaderBytes + kFooterBytes) return std::optional<Footer>();
  VIGIL_TRY_ASSIGN(const auto bytes, file.view(file.size() - kFooterBytes, kFooterBytes));
  if (*bytes.read<std::uint32_t>(5) != kFooterMagic) return std::optional<Footer>();
  const auto descriptor = *bytes.read<std::uint8_t>(4);
  if ((descriptor & kReservedBits) != 0) {
    return malformed(fmt::format("descriptor {:#x} has reserved bits", descriptor));
  }
  const bool has_checksums = (descriptor & kHasChecksums) != 0;
  return std::optional(Footer{.count = *bytes.read<std::uint32_t>(0),
                              .entry_bytes = kEntryBytes + (has_checksums ? kChecksumBytes : 0)});
}

Result<SeekTable> read_entries(ByteView entries, const Footer& footer, std::uint64_t table_offset) {
  SeekTable table;
  table.frames.reserve(static_cast<std::size_t>(footer.count));
  std::uint64_t packed_offset = 0;
  for (std::uint64_t i = 0; i < footer.count; ++i) {
    const auto packed_size = *entries.read<std::uint32_t>(i * footer.entry_bytes);
    const auto unpacked_size = *entries.read<std::uint32_t>(i * footer.entry_bytes + 4);
    if (packed_size > table_offset - packed_offset) {
      return malformed(fmt::format("frame {} of {} ends behind the table", i, footer.count));
    }
    if (unpacked_size != 0) {
      table.frames.push_back({packed_offset, table.unpacked_size, packed_size, unpacked_size});
    }
    packed_offset += packed_size;
    table.unpacked_size += unpacked_size;  // at most kMaxFrames times 4 GiB
  }
  if (packed_offset != table_offset) {
    return malformed(fmt::format("frames end at {:#x}, and the table begins at {:#x}",
                                 packed_offset, table_offset));
  }
  return table;
}

}  // namespace

Result<std::optional<SeekTable>> read_seek_table(ByteSource& file) {
  VIGIL_TRY_ASSIGN(const auto footer, read_footer(file));
  if (!footer) return std::optional<SeekTable>();
  const auto content_bytes = footer->count * footer->entry_bytes + kFooterBytes;
  const auto table_bytes = kSkippableHeaderBytes + content_bytes;
  if (table_bytes > file.size()) {
    return malformed(fmt::format("{} frames do not fit in {} bytes", footer->count, file.size()));
  }
  if (footer->count > kMaxFrames) {
    return Error{Errc::LimitExceeded, fmt::format("seek table: {} frames, and the limit is {}",
                                                  footer->count, kMaxFrames)};
  }
  const auto table_offset = file.size() - table_bytes;
  VIGIL_TRY_ASSIGN(const auto bytes, file.view(table_offset, table_bytes));
  if (*bytes.read<std::uint32_t>(0) != kSkippableMagic ||
      *bytes.read<std::uint32_t>(4) != content_bytes) {
    return malformed(fmt::format("no table of {} frames at {:#x}", footer->count, table_offset));
  }
  const auto entries = bytes.clamp(kSkippableHeaderBytes, footer->count * footer->entry_bytes);
  VIGIL_TRY_ASSIGN(auto table, read_entries(entries, *footer, table_offset));
  return std::optional(std::move(table));
}

}  // namespace vigil::minidump
