// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "image/format.h"
#include "image/image.h"

namespace vigil::image {
namespace {

/// The loader takes 96; nobody links more than a few dozen.
constexpr std::uint32_t kMaxSections = 512;
/// The loader rounds a section's file offset down to a disk sector, whatever the header says.
constexpr std::uint32_t kSectorBytes = 512;
constexpr std::uint64_t kStringChunkBytes = 64;

std::string section_name(const std::array<char, 8>& raw) {
  const auto end = std::find(raw.begin(), raw.end(), '\0');
  return {raw.begin(), end};
}

Section section_from(const format::SectionHeader& raw) {
  // Old linkers leave the virtual size 0 and mean the size in the file.
  return {.name = section_name(raw.name),
          .rva = raw.virtual_address,
          .size = raw.virtual_size != 0 ? raw.virtual_size : raw.size_of_raw_data,
          .file_offset = raw.pointer_to_raw_data / kSectorBytes * kSectorBytes,
          .file_size = raw.size_of_raw_data,
          .executable = (raw.characteristics & format::kSectionIsExecutable) != 0};
}

template <Raw T>
Result<T> read(ByteSource& bytes, std::uint64_t offset) {
  VIGIL_TRY_ASSIGN(const ByteView view, bytes.view(offset, sizeof(T)));
  return view.read<T>(0);
}

}  // namespace

Result<PeImage> PeImage::open(ByteSource& bytes, Layout layout) {
  PeImage image(bytes, layout);
  if (auto read = image.read_headers(); !read.ok()) {
    return std::move(read).take_error().with_context("image");
  }
  const auto table = image.directory(Directory::Exceptions);
  const auto there = image.at(table.rva, table.size);
  if (there.size() == table.size) image.unwind_table_ = there;
  return image;
}

PeImage PeImage::generated(ByteSource& bytes,
                           Machine machine,
                           std::uint32_t begin,
                           std::uint32_t end,
                           ByteView functions) {
  PeImage image(bytes, Layout::Mapped);
  image.header_.machine = machine;
  image.header_.size_of_image = end;
  auto& section = image.sections_.emplace_back();
  section.rva = begin;
  section.size = end - begin;
  section.executable = true;
  image.index_sections();
  image.unwind_table_ = functions;
  return image;
}

Status PeImage::read_headers() {
  VIGIL_TRY_ASSIGN(const auto magic, read<std::uint16_t>(*bytes_, 0));
  if (magic != format::kDosMagic) {
    return Error{Errc::Malformed, fmt::format("starts with {:#06x}, not with MZ", magic)};
  }
  VIGIL_TRY_ASSIGN(const auto start, read<std::uint32_t>(*bytes_, format::kDosNewHeaderOffset));
  VIGIL_TRY_ASSIGN(const auto signature, read<std::uint32_t>(*bytes_, start));
  if (signature != format::kPeSignature) {
    return Error{Errc::Malformed, fmt::format("no PE signature at offset {:#x}", start)};
  }
  const std::uint64_t file_header = std::uint64_t{start} + sizeof(signature);
  VIGIL_TRY_ASSIGN(const auto file, read<format::FileHeader>(*bytes_, file_header));
  header_.machine = static_cast<Machine>(file.machine);
  header_.timestamp = file.time_date_stamp;
  header_.dll = (file.characteristics & format::kFileIsDll) != 0;
  const std::uint64_t optional = file_header + sizeof(file);
  const std::uint64_t sections = optional + file.size_of_optional_header;
  VIGIL_TRY(read_optional_header(optional, sections));
  return read_sections(sections, file.number_of_sections);
}

Status PeImage::read_optional_header(std::uint64_t offset, std::uint64_t end) {
  VIGIL_TRY_ASSIGN(const auto first, read<format::OptionalHeaderStart>(*bytes_, offset));
  VIGIL_TRY_ASSIGN(const auto middle, read<format::OptionalHeaderMiddle>(
                                          *bytes_, offset + format::kOptionalMiddleOffset));
  header_.size_of_image = middle.size_of_image;
  header_.size_of_headers = middle.size_of_headers;
  header_.checksum = middle.check_sum;
  header_.entry_point = first.address_of_entry_point;
  if (first.magic == format::kOptionalMagic64) {
    const auto at = offset + format::kImageBaseOffset64;
    VIGIL_TRY_ASSIGN(header_.preferred_base, read<std::uint64_t>(*bytes_, at));
    return read_directories(offset + format::kNumberOfDirectoriesOffset64, end);
  }
  if (first.magic == format::kOptionalMagic32) {
    const auto at = offset + format::kImageBaseOffset32;
    VIGIL_TRY_ASSIGN(header_.preferred_base, read<std::uint32_t>(*bytes_, at));
    return read_directories(offset + format::kNumberOfDirectoriesOffset32, end);
  }
  return Error{Errc::Malformed, fmt::format("optional header of unknown kind {:#x}", first.magic)};
}

Status PeImage::read_directories(std::uint64_t offset, std::uint64_t end) {
  VIGIL_TRY_ASSIGN(const auto stated, read<std::uint32_t>(*bytes_, offset));
  offset += sizeof(stated);
  // The loader ignores entries past the sixteenth and past the optional header.
  const auto room = end > offset ? (end - offset) / sizeof(format::DataDirectory) : 0;
  const auto count = std::min<std::uint64_t>({stated, room, kDirectories});
  VIGIL_TRY_ASSIGN(const auto view, bytes_->view(offset, count * sizeof(format::DataDirectory)));
  VIGIL_TRY_ASSIGN(const auto entries, view.read_array<format::DataDirectory>(0, count));
  for (std::uint64_t i = 0; i < entries.size(); ++i) {
    const auto entry = entries[i];
    directories_[i] = {.rva = entry.virtual_address, .size = entry.size};
  }
  return {};
}

Status PeImage::read_sections(std::uint64_t offset, std::uint32_t count) {
  if (count > kMaxSections) {
    return Error{Errc::LimitExceeded,
                 fmt::format("{} sections, and the limit is {}", count, kMaxSections)};
  }
  VIGIL_TRY_ASSIGN(const auto view, bytes_->view(offset, count * sizeof(format::SectionHeader)));
  VIGIL_TRY_ASSIGN(const auto headers, view.read_array<format::SectionHeader>(0, count));
  sections_.reserve(count);
  for (std::uint64_t i = 0; i < headers.size(); ++i) sections_.push_back(section_from(headers[i]));
  index_sections();
  return {};
}

void PeImage::index_sections() {
  std::vector<std::uint16_t> order(sections_.size());
  std::iota(order.begin(), order.end(), std::uint16_t{0});
  std::ranges::sort(order, {}, [this](std::uint16_t i) { return std::pair(sections_[i].rva, i); });
  std::uint64_t end = 0;
  for (const auto i : order) {
    const auto& section = sections_[i];
    if (section.size == 0 || section.rva < end) continue;
    section_by_rva_.push_back(i);
    end = std::uint64_t{section.rva} + section.size;
  }
}

const Section* PeImage::find_section(std::uint64_t rva) const noexcept {
  const auto behind = std::ranges::upper_bound(
      section_by_rva_, rva, {}, [this](std::uint16_t i) { return sections_[i].rva; });
  if (behind == section_by_rva_.begin()) return nullptr;
  const auto& section = sections_[*std::prev(behind)];
  return rva - section.rva < section.size ? &section : nullptr;
}

bool PeImage::is_code(std::uint64_t rva) const noexcept {
  const Section* section = find_section(rva);
  return section != nullptr && section->executable;
}

ByteView PeImage::at(std::uint64_t rva, std::uint64_t size) const {
  const Section* section = find_section(rva);
  if (section == nullptr) {
    const std::uint64_t end =
        layout_ == Layout::Mapped ? bytes_->size() : std::uint64_t{header_.size_of_headers};
    return rva < end ? bytes_->clamp(rva, std::min(size, end - rva)) : ByteView{};
  }
  const std::uint64_t inside = rva - section->rva;
  if (layout_ == Layout::Mapped) return bytes_->clamp(rva, std::min(size, section->size - inside));
  const std::uint64_t there = std::min(section->size, section->file_size);
  if (inside >= there) return {};
  return bytes_->clamp(section->file_offset + inside, std::min(size, there - inside));
}

std::optional<std::string> PeImage::string_at(std::uint64_t rva, std::uint64_t limit) const {
  auto text = prefix_at(rva, limit);
  return text && text->size() < limit ? text : std::nullopt;
}

std::optional<std::string> PeImage::prefix_at(std::uint64_t rva, std::uint64_t limit) const {
  std::string text;
  while (text.size() < limit) {
    // Chunks end at multiples of their size, so that none reaches over the end of a captured range.
    const auto wanted = kStringChunkBytes - (rva + text.size()) % kStringChunkBytes;
    const auto chunk = at(rva + text.size(), std::min(wanted, limit - text.size())).text();
    if (chunk.empty()) return std::nullopt;
    const auto end = chunk.find('\0');
    text += chunk.substr(0, end);
    if (end != std::string_view::npos) break;
  }
  return text;
}

}  // namespace vigil::image
