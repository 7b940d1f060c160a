// SPDX-License-Identifier: Apache-2.0
#include "pdb/c13.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "pdb/format.h"
#include "pdb/search.h"

namespace vigil::pdb {
namespace {

/// Of one module. The whole of a browser linked as one module has half as many.
constexpr std::size_t kMaxRanges = std::size_t{1} << 20;
constexpr std::size_t kMaxInlinees = std::size_t{1} << 20;
/// Linkers gather frame data in one stream; one is left over in a module, if any.
constexpr std::size_t kMaxFrameDataParts = 1024;
/// Of one function: a million lines.
constexpr std::uint64_t kMaxLinesBytes = 8 << 20;
constexpr std::uint64_t kAlignment = 4;

std::uint32_t visible_line(std::uint32_t bits) {
  const std::uint32_t line = bits & format::kLineMask;
  const bool hidden = line == format::kLineNeverStepInto || line == format::kLineAlwaysStepInto;
  return hidden ? 0 : line;
}

/// The last line of a subsection that begins at or below \p offset, over all files.
std::optional<FileLine> last_line(ByteView blocks, std::uint32_t offset) {
  std::optional<FileLine> best;
  std::uint32_t best_offset = 0;
  std::uint64_t at = 0;
  while (true) {
    const auto block = blocks.read<format::LineBlock>(at);
    if (!block.ok()) break;
    const auto lines =
        blocks.read_array<format::Line>(at + sizeof(format::LineBlock), block->line_count);
    if (!lines.ok()) break;
    for (std::uint64_t i = 0; i < lines->size(); ++i) {
      const format::Line line = (*lines)[i];
      if (line.offset > offset || (best && line.offset < best_offset)) continue;
      best = FileLine{.file = block->file, .line = visible_line(line.bits)};
      best_offset = line.offset;
    }
    if (block->size < sizeof(format::LineBlock)) break;
    at += block->size;
  }
  return best;
}

}  // namespace

LineTable LineTable::read(const Stream& c13, std::optional<Error>& damage) {
  LineTable table;
  table.c13_ = c13;
  StreamReader reader(c13);
  for (std::uint64_t at = 0; c13.contains(at, sizeof(format::SubsectionHeader));) {
    const auto bytes = reader.at(at, sizeof(format::SubsectionHeader));
    const auto header = bytes.ok() ? bytes->read<format::SubsectionHeader>(0) : bytes.error();
    if (!header.ok()) {
      damage = header.error();
      break;
    }
    at += sizeof(format::SubsectionHeader);
    if (auto added = table.add(header->kind, at, header->size); !added.ok()) {
      damage = std::move(added).take_error();
      break;
    }
    at += (std::uint64_t{header->size} + kAlignment - 1) / kAlignment * kAlignment;
  }
  table.sort();
  return table;
}

Status LineTable::add(std::uint32_t kind, std::uint64_t offset, std::uint32_t size) {
  if (!c13_.contains(offset, size)) {
    return Error{Errc::Truncated,
                 fmt::format("{} bytes of lines at offset {:#x} of {}", size, offset, c13_.size())};
  }
  // One with the highest bit set is to be skipped, and so are the kinds that are not listed.
  if (kind == static_cast<std::uint32_t>(format::Subsection::Lines)) return add_lines(offset, size);
  const Stream part = c13_.part(offset, size);
  if (kind == static_cast<std::uint32_t>(format::Subsection::InlineeLines)) {
    return add_inlinees(part);
  }
  if (kind == static_cast<std::uint32_t>(format::Subsection::FileChecksums)) {
    if (checksums_.empty()) checksums_ = part;
  } else if (kind == static_cast<std::uint32_t>(format::Subsection::FrameData) &&
             frame_data_.size() < kMaxFrameDataParts) {
    frame_data_.push_back(part);
  }
  return {};
}

Status LineTable::add_lines(std::uint64_t offset, std::uint32_t size) {
  if (ranges_.size() >= kMaxRanges) {
    return Error{Errc::LimitExceeded, fmt::format("more than {} functions with lines", kMaxRanges)};
  }
  VIGIL_TRY_ASSIGN(const auto header, c13_.read<format::LinesHeader>(offset));
  ranges_.push_back({.start = {header.section, header.offset},
                     .size = header.size,
                     .lines_size = size,
                     .lines_offset = static_cast<std::uint32_t>(offset)});
  return {};
}

Status LineTable::add_inlinees(const Stream& part) {
  VIGIL_TRY_ASSIGN(const auto kind, part.read<std::uint32_t>(0));
  StreamReader reader(part);
  std::uint64_t at = sizeof(kind);
  while (part.contains(at, sizeof(format::InlineeLine))) {
    if (inlinees_.size() >= kMaxInlinees) {
      return Error{Errc::LimitExceeded,
                   fmt::format("more than {} inlined functions", kMaxInlinees)};
    }
    VIGIL_TRY_ASSIGN(const ByteView bytes, reader.at(at, sizeof(format::InlineeLine)));
    VIGIL_TRY_ASSIGN(const auto raw, bytes.read<format::InlineeLine>(0));
    inlinees_.push_back({.id = raw.inlinee, .start = {.file = raw.file, .line = raw.line}});
    at += sizeof(raw);
    if (kind == format::kInlineesHaveExtraFiles) {
      VIGIL_TRY_ASSIGN(const std::uint64_t extra_files, part.read<std::uint32_t>(at));
      at += sizeof(std::uint32_t) * (1 + extra_files);
    }
  }
  return {};
}

void LineTable::sort() {
  sort_unless_sorted(ranges_, [](const Range& a, const Range& b) {
    return std::tie(a.start, a.lines_offset) < std::tie(b.start, b.lines_offset);
  });
  sort_unless_sorted(inlinees_, [](const Inlinee& a, const Inlinee& b) {
    return std::tie(a.id, a.start.file, a.start.line) < std::tie(b.id, b.start.file, b.start.line);
  });
}

std::optional<FileLine> LineTable::find(SectionOffset place) const {
  const Range* range = find_covering(ranges_, place);
  if (range == nullptr || range->lines_size > kMaxLinesBytes) return std::nullopt;
  Scratch scratch;
  const auto bytes = c13_.read(range->lines_offset, range->lines_size, scratch);
  if (!bytes.ok()) return std::nullopt;
  return last_line(bytes->clamp(sizeof(format::LinesHeader), bytes->size()),
                   place.offset - range->start.offset);
}

std::optional<FileLine> LineTable::inlinee(std::uint32_t id) const {
  const auto found = std::lower_bound(
      inlinees_.begin(), inlinees_.end(), id,
      [](const Inlinee& entry, std::uint32_t wanted) { return entry.id < wanted; });
  if (found == inlinees_.end() || found->id != id) return std::nullopt;
  return found->start;
}

std::string LineTable::file_name(std::uint32_t file, const Names& names) const {
  const auto name = checksums_.read<std::uint32_t>(file);
  return name.ok() ? names.at(*name) : std::string{};
}

std::size_t LineTable::memory() const noexcept {
  return ranges_.capacity() * sizeof(Range) + inlinees_.capacity() * sizeof(Inlinee) +
         frame_data_.capacity() * sizeof(Stream);
}

}  // namespace vigil::pdb
