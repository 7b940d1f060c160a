// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "kerneldump/fields.h"
#include "kerneldump/physical.h"

namespace vigil::kerneldump {
namespace {

using namespace std::string_view_literals;

/// A bitmap of 128 MiB, half of what an analysis may use: four terabytes of memory in pages.
constexpr std::uint64_t kMaxBitmapBits = std::uint64_t{1} << 30;
constexpr std::uint64_t kBitmapHeaderBytes = 0x38;
/// Ranges of a debugger's dump: physical memory has a few hundred, and pages that were chosen one
/// by one hundreds of thousands.
constexpr std::uint64_t kMaxRanges = std::uint64_t{1} << 20;
constexpr std::uint64_t kMaxPages = std::uint64_t{1} << 40;

using Pages = Result<std::unique_ptr<PhysicalPages>>;

/// Where a bitmap dump's own header says what.
struct BitmapHeader {
  std::uint64_t first_page = 0, present = 0, bits = 0;
  std::uint64_t bitmap = 0;  ///< Where in the file it begins.
};

/// Kernels before Windows 8 have numbers of 32 bits, and the number of bits twice: once for the
/// dump and once in the RTL_BITMAP that follows.
std::optional<BitmapHeader> old_header(const Fields& fields, const Header& header) {
  const auto first_page = fields.u32(0xc), bits = fields.u32(0x10), present = fields.u32(0x14);
  const auto own_bits = fields.u32(0x18);
  const std::uint64_t size = header.is_64bit ? 0x28 : 0x20;
  if (!first_page || !bits || !present || *bits == 0 || bits != own_bits) return std::nullopt;
  if (*first_page < header.size() + size) return std::nullopt;
  return BitmapHeader{*first_page, *present, *bits, header.size() + size};
}

Result<BitmapHeader> bitmap_header(ByteSource& file, const Header& header) {
  const Fields fields(file.clamp(header.size(), kBitmapHeaderBytes));
  const auto signature = fields.bytes().text().substr(0, 4);
  if (signature != "SDMP"sv && signature != "FDMP"sv) {
    return Error{Errc::Malformed, "header of the page bitmap: it does not begin with SDMP or FDMP"};
  }
  if (const auto old = old_header(fields, header)) return *old;
  const auto first_page = fields.u64(0x20), present = fields.u64(0x28), bits = fields.u64(0x30);
  if (!first_page || !present || !bits)
    return Error{Errc::Truncated, "file ends within the header of the page bitmap"};
  return BitmapHeader{*first_page, *present, *bits, header.size() + kBitmapHeaderBytes};
}

/// SDMP and FDMP: a bitmap of the pages that follow it.
Pages open_bitmap(ByteSource& file, const Header& header, Diagnostics& diagnostics) {
  constexpr std::uint64_t kMaxOffset = std::uint64_t{1} << 56;
  VIGIL_TRY_ASSIGN(const auto at, bitmap_header(file, header));
  if (at.bits > kMaxBitmapBits) {
    return Error{Errc::LimitExceeded, fmt::format("page bitmap: {} pages, and the limit is {}",
                                                  at.bits, kMaxBitmapBits)};
  }
  const auto bytes = (at.bits + 7) / 8;
  if (at.first_page < at.bitmap || at.first_page - at.bitmap < bytes ||
      at.first_page > kMaxOffset) {
    return Error{Errc::Malformed, fmt::format("page bitmap: {} bytes do not fit before the first "
                                              "page at {:#x}",
                                              bytes, at.first_page)};
  }
  auto usable_bits = at.bits;
  if (file.size() < at.bitmap + bytes) {
    const auto there = file.size() < at.bitmap ? 0 : file.size() - at.bitmap;
    diagnostics.note(fmt::format("page bitmap: {} of {} bytes are in the file", there, bytes));
    usable_bits = there * 8;
  }
  if (at.present > at.bits)
    diagnostics.note(fmt::format("page bitmap: {} pages of {} are present", at.present, at.bits));
  return std::unique_ptr<PhysicalPages>(std::make_unique<BitmapPages>(
      file, at.bitmap, usable_bits, at.first_page, std::min(at.present, at.bits)));
}

/// An RDMP header: what a debugger's `.dump` writes. Source: kdmp-parser's structures.
Pages open_ranges(ByteSource& file, const Header& header, Diagnostics& diagnostics) {
  constexpr std::uint64_t kRangesAt = 0x30, kRangeBytes = 16, kMetadataAt = 0x20;
  const Fields fields(file.clamp(header.size(), kRangesAt));
  if (fields.size() < kRangesAt)
    return Error{Errc::Truncated, "file ends within the header of the page ranges"};
  if (fields.bytes().clamp(4, 8).text() != "RDMPDUMP"sv || fields.u32(0) != 0x40) {
    return Error{Errc::Malformed, "header of the page ranges: it does not begin with RDMP"};
  }
  const auto metadata = fields.u64(0x10), first_page = fields.u64(0x18);
  const auto start = header.size() + kRangesAt;
  if (*first_page < start || *first_page > file.size()) {
    return Error{
        Errc::Malformed,
        fmt::format("header of the page ranges: the first page at {:#x} is not in the file",
                    *first_page)};
  }
  if (*metadata != *first_page - header.size() - kMetadataAt)
    diagnostics.note("page ranges: their size and the first page's place disagree");
  const auto count = std::min((*first_page - start) / kRangeBytes, kMaxRanges);
  const auto numbers =
      file.clamp(start, count * kRangeBytes).read_array<std::uint64_t>(0, count * 2);
  if (!numbers.ok()) return Error{Errc::Truncated, "file ends within the page ranges"};
  std::vector<PageRun> runs;
  for (std::uint64_t i = 0; i < count; ++i) {
    const PageRun run{(*numbers)[i * 2], (*numbers)[i * 2 + 1]};
    if (run.count == 0) break;
    if (run.first > kMaxPages || run.count > kMaxPages - run.first) {
      diagnostics.note(fmt::format("page ranges: range {} is out of range", i));
      break;
    }
    runs.push_back(run);
  }
  return std::unique_ptr<PhysicalPages>(std::make_unique<RunPages>(runs, *first_page));
}

Pages open_runs(const Header& header) {
  if (header.runs.empty()) {
    return Error{Errc::Malformed, "header: it does not say which memory the dump holds"};
  }
  return std::unique_ptr<PhysicalPages>(std::make_unique<RunPages>(header.runs, header.size()));
}

}  // namespace

Pages open_pages(ByteSource& file, const Header& header, Diagnostics& diagnostics) {
  switch (header.type) {
    case DumpType::Full: return open_runs(header);
    case DumpType::Summary:
    case DumpType::BitmapFull:
    case DumpType::BitmapKernel:
    case DumpType::Automatic: return open_bitmap(file, header, diagnostics);
    case DumpType::DebuggerKernel:
    case DumpType::DebuggerKernelUser:
    case DumpType::DebuggerFull: return open_ranges(file, header, diagnostics);
    case DumpType::HeaderOnly: return Error{Errc::NotFound, "the dump is its header, and no more"};
    case DumpType::Triage: return Error{Errc::NotFound, "a triage dump holds no pages"};
    case DumpType::Unknown: break;
  }
  // What follows the header says of itself what it is.
  const auto start = file.clamp(header.size(), 12).text();
  if (start.starts_with("SDMP"sv) || start.starts_with("FDMP"sv))
    return open_bitmap(file, header, diagnostics);
  if (start.substr(std::min<std::size_t>(4, start.size())).starts_with("RDMP"sv))
    return open_ranges(file, header, diagnostics);
  return Error{Errc::Unsupported,
               fmt::format("header: dump type {:#x} is not known", header.raw_type.value_or(0))};
}

}  // namespace vigil::kerneldump
