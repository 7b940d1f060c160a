// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_file.h"

#include <stdexcept>

#include "support/kernel_machine_memory.h"

namespace vigil::test {
namespace {

constexpr std::uint64_t kRequiredSpaceAt = 0xfa0;
constexpr std::uint32_t kNotFilled = 0x4547'4150;

void append_page(std::string& file, const KernelMachine& machine, std::uint64_t pfn) {
  const auto found = machine.pages.find(pfn);
  file += found == machine.pages.end() ? std::string(kPageBytes, '\0') : found->second.bytes;
}

std::string full_dump(const KernelMachine& machine, std::string file) {
  for (const auto& run : machine.runs) {
    for (std::uint64_t i = 0; i < run.count; ++i) append_page(file, machine, run.first + i);
  }
  return file;
}

std::string bitmap_dump(const KernelMachine& machine, const DumpTraits& traits, std::string file) {
  const auto held = pages_held(machine, traits);
  const auto bits = machine.runs.back().first + machine.runs.back().count;
  file += bitmap_part(traits, kHeader64Bytes, bits, held);
  for (const auto pfn : held) append_page(file, machine, pfn);
  return file;
}

/// SUMMARY_DUMP64 and SUMMARY_DUMP32, whose bitmaps begin at 0x28 and 0x20.
std::string old_bitmap_header(bool is_64, const BitmapHeader& header) {
  ByteBuilder bytes;
  bytes.raw("SDMPDUMP").u32(1).u32(header.first_page).u32(header.bits).u32(header.present);
  return bytes.u32(header.bits).seek(is_64 ? 0x28 : 0x20).bytes();
}

/// RDMP, as debuggers write dumps of a live kernel: ranges of page numbers in place of a bitmap.
std::string live_dump(const KernelMachine& machine, const DumpTraits& traits, std::string file) {
  constexpr std::uint64_t kFirstPage = 0x4000;
  const auto held = pages_held(machine, traits);
  std::vector<PhysicalRun> ranges;
  for (const auto pfn : held) {
    const bool follows = !ranges.empty() && ranges.back().first + ranges.back().count == pfn;
    if (!follows) ranges.push_back({pfn, 0});
    ++ranges.back().count;
  }
  ByteBuilder metadata;
  metadata.u32(0x40).raw("RDMPDUMP").u32(0).u64(kFirstPage - kHeader64Bytes - 0x20).u64(kFirstPage);
  if (traits.type == 0xa) {
    metadata.u32(ranges.size()).u32(0).u64(held.size());
  } else {
    metadata.u64(0).u64(0);
  }
  for (const auto& range : ranges) metadata.u64(range.first).u64(range.count);
  file += metadata.seek(kFirstPage - kHeader64Bytes).bytes();
  for (const auto pfn : held) append_page(file, machine, pfn);
  return file;
}

void write_memory_block(ByteBuilder& header, const std::vector<PhysicalRun>& runs) {
  std::uint64_t total = 0, at = 0x98;
  for (const auto& run : runs) {
    header.patch_u64(at, run.first).patch_u64(at + 8, run.count);
    total += run.count;
    at += 0x10;
  }
  header.patch_u32(0x88, runs.size()).patch_u32(0x8c, 0).patch_u64(0x90, total);
}

}  // namespace

DumpTraits dump_traits(KernelDumpKind kind) {
  constexpr std::uint32_t kKernelGenerated = 0x8, kFiltered = 0x40, kLive = 0x10;
  switch (kind) {
    case KernelDumpKind::Full: return {.type = 1, .user_pages = true, .all_pages = true};
    case KernelDumpKind::Summary: return {.type = 2};
    case KernelDumpKind::SummaryOld: return {.type = 2, .old_bitmap = true};
    case KernelDumpKind::Header: return {.type = 3};
    case KernelDumpKind::TriageClassic: return {.type = 4, .attributes = kNotFilled};
    case KernelDumpKind::TriageKernelGenerated: return {.type = 4, .attributes = kKernelGenerated};
    case KernelDumpKind::BitmapFull: return {.type = 5, .user_pages = true, .all_pages = true};
    case KernelDumpKind::BitmapKernel: return {.type = 6};
    case KernelDumpKind::Automatic: return {.type = 7};
    case KernelDumpKind::Active: return {.type = 5, .attributes = kFiltered, .user_pages = true};
    case KernelDumpKind::LiveKernel: return {.type = 8, .attributes = kLive};
    case KernelDumpKind::LiveKernelUser:
      return {.type = 9, .attributes = kLive, .user_pages = true};
    case KernelDumpKind::LiveComplete:
      return {.type = 0xa, .attributes = kLive, .user_pages = true, .all_pages = true};
  }
  throw std::logic_error("no such kind of dump");
}

std::string page_pattern(std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes += "PAGE";
  bytes.resize(size);
  return bytes;
}

ByteBuilder kernel_header(const KernelMachine& machine, const DumpTraits& traits) {
  const auto& truth = machine.truth();
  ByteBuilder header(page_pattern(kHeader64Bytes));
  header.patch_raw(4, "DU64").patch_u32(0x08, 0xf).patch_u32(0x0c, truth.build);
  header.patch_u64(0x10, truth.directory_table).patch_u64(0x18, truth.pfn_database);
  header.patch_u64(0x20, truth.loaded_modules).patch_u64(0x28, truth.active_processes);
  header.patch_u32(0x30, 0x8664).patch_u32(0x34, truth.processors.size());
  header.patch_u32(0x38, truth.bugcheck);
  for (std::size_t i = 0; i < 4; ++i) header.patch_u64(0x40 + 8 * i, truth.parameters.at(i));
  header.patch_raw(0x60, std::string(32, '\0')).patch_u64(0x80, truth.kdbg);
  write_memory_block(header, machine.runs);
  header.patch_raw(0x348, machine.context);
  // The breakpoint that writes the dump, not what went wrong; the parameters are not filled.
  header.patch_u32(0xf00, 0x8000'0003).patch_u32(0xf04, 1).patch_u64(0xf08, 0);
  header.patch_u64(0xf10, truth.bugcheck_stack.front().instruction).patch_u64(0xf18, 0);
  header.patch_u32(0xf98, traits.type).patch_u64(0xfa8, truth.system_time);
  header.patch_u64(0x1030, truth.uptime).patch_u32(0x1038, 0).patch_u32(0x103c, 0);
  header.patch_u32(0x1040, truth.product_type).patch_u32(0x1044, truth.suite_mask);
  header.patch_u32(0x1048, 0).patch_u8(0x104d, 0);
  return header.patch_u32(0x1050, traits.attributes).patch_u32(0x1054, 7);
}

std::vector<std::uint64_t> pages_held(const KernelMachine& machine, const DumpTraits& traits) {
  std::vector<std::uint64_t> held;
  if (!traits.all_pages) {
    for (const auto& [pfn, page] : machine.pages) {
      if (traits.user_pages || !page.user) held.push_back(pfn);
    }
    return held;
  }
  for (const auto& run : machine.runs) {
    for (std::uint64_t i = 0; i < run.count; ++i) {
      if (!machine.removed.contains(run.first + i)) held.push_back(run.first + i);
    }
  }
  return held;
}

std::string bitmap_header(const BitmapHeader& header) {
  ByteBuilder bytes;
  bytes.raw(header.full ? "FDMP" : "SDMP").raw("DUMP").u32(header.user ? 3 : 1).seek(0x20);
  return bytes.u64(header.first_page).u64(header.present).u64(header.bits).bytes();
}

std::string bitmap_part(const DumpTraits& traits,
                        std::uint64_t start,
                        std::uint64_t bits,
                        const std::vector<std::uint64_t>& held) {
  std::string bitmap((bits + 31) / 32 * 4, '\0');
  for (const auto pfn : held) {
    bitmap[pfn / 8] =
        static_cast<char>(static_cast<unsigned char>(bitmap[pfn / 8]) | 1u << pfn % 8);
  }
  BitmapHeader header{
      .full = traits.type == 5, .user = traits.user_pages, .present = held.size(), .bits = bits};
  const auto end = start + kBitmapHeaderBytes + bitmap.size();
  header.first_page = (end + kPageBytes - 1) & ~(kPageBytes - 1);
  auto part = traits.old_bitmap ? old_bitmap_header(start == kHeader64Bytes, header)
                                : bitmap_header(header);
  part += bitmap;
  part.resize(header.first_page - start, '\0');
  return part;
}

std::string KernelMachine::dump(KernelDumpKind kind) const {
  const auto traits = dump_traits(kind);
  if (traits.type == 4) return triage_dump(*this, kind == KernelDumpKind::TriageKernelGenerated);
  const auto header = kernel_header(*this, traits).bytes();
  std::string file;
  if (traits.type == 1) {
    file = full_dump(*this, header);
  } else if (traits.type == 3) {
    file = header;
  } else if (traits.type < 8) {
    file = bitmap_dump(*this, traits, header);
  } else {
    file = live_dump(*this, traits, header);
  }
  return file.replace(kRequiredSpaceAt, 8, little_endian(file.size(), 8));
}

bool KernelMachine::holds(KernelDumpKind kind, std::uint64_t pfn) const {
  const auto traits = dump_traits(kind);
  if (traits.type == 3 || traits.type == 4) return false;
  for (const auto held : pages_held(*this, traits)) {
    if (held == pfn) return true;
  }
  return false;
}

}  // namespace vigil::test
