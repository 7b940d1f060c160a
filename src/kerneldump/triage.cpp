// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/triage.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "base/words.h"
#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t kMaxDrivers = 4096;
constexpr std::uint64_t kMaxNameChars = 512;
constexpr std::uint64_t kMaxStructureBytes = 1 << 17;
constexpr std::uint64_t kMaxStackBytes = 1 << 20;
constexpr std::uint32_t kClassicOptions = 0xffffffff;

/// The fields of TRIAGE_DUMP64 and TRIAGE_DUMP32 by offset.
struct Layout {
  std::uint64_t top_of_stack, data_page_address, data_page_offset, data_page_size;
  std::uint64_t debugger_offset, debugger_size, blocks_offset, blocks_count, bytes;
  std::uint64_t driver_bytes, ldr_at, dll_base, size_of_image, checksum, timestamp;
  std::uint64_t block_bytes, unloaded_bytes, unloaded_head, unloaded_name, unloaded_start;
};
constexpr Layout kLayout64 = {0x48, 0x60, 0x68, 0x6c, 0x70, 0x74, 0x78, 0x7c, 0x80, 0x90,
                              8,    0x30, 0x40, 0x78, 0x80, 16,   0x38, 8,    0x10, 0x28};
constexpr Layout kLayout32 = {0x48, 0x4c, 0x50, 0x54, 0x58, 0x5c, 0x60, 0x64, 0x68, 0x4c,
                              4,    0x18, 0x20, 0x40, 0x44, 12,   0x28, 4,    8,    0x20};
constexpr std::uint64_t kUnloadedNameBytes = 24;

class Reader {
 public:
  Reader(ByteSource& file, const Header& header, Diagnostics& diagnostics)
      : file_(file),
        header_(header),
        diagnostics_(diagnostics),
        at_(header.is_64bit ? kLayout64 : kLayout32) {}

  Result<Triage> read(SparseMemory& memory) {
    fields_ = Fields(file_.clamp(header_.size(), at_.bytes));
    if (fields_.size() < at_.bytes)
      return Error{Errc::Truncated, "file ends before the triage header"};
    Triage triage;
    read_marks(triage);
    triage.memory_block = part(0x14, 0x50);
    triage.prcb = structure(0x1c);
    triage.process = structure(0x20);
    triage.thread = structure(0x24);
    const auto size = word(at_.debugger_size);
    triage.debugger_data = Fields(
        file_.clamp(word(at_.debugger_offset),
                    word(at_.debugger_offset) == 0 ? 0 : std::min(size, kMaxStructureBytes)));
    read_drivers(triage);
    read_unloaded(triage);
    read_memory(triage, memory);
    return triage;
  }

 private:
  [[nodiscard]] std::uint64_t word(std::uint64_t at) const { return fields_.u32(at).value_or(0); }
  [[nodiscard]] std::uint64_t pointer(const Fields& fields, std::uint64_t at) const {
    return header_.is_64bit ? fields.u64(at).value_or(0)
                            : std::uint64_t{fields.u32(at).value_or(0)};
  }
  [[nodiscard]] Fields part(std::uint64_t offset_at, std::uint64_t size) {
    const auto offset = word(offset_at);
    return Fields(offset == 0 ? ByteView{} : file_.clamp(offset, size));
  }
  /// Where the part behind the one at \p offset begins, or \p end.
  [[nodiscard]] std::uint64_t next_part(std::uint64_t offset, std::uint64_t end) const {
    for (const auto other : {0x18U, 0x1cU, 0x20U, 0x24U, 0x28U, 0x30U, 0x38U}) {
      if (word(other) > offset) end = std::min(end, word(other));
    }
    for (const auto other : {at_.debugger_offset, at_.blocks_offset}) {
      if (word(other) > offset) end = std::min(end, word(other));
    }
    return end;
  }
  /// A raw copy of a structure whose size only its version knows: up to the part that follows it.
  [[nodiscard]] Fields structure(std::uint64_t offset_at) {
    const auto offset = word(offset_at);
    if (offset == 0) return Fields();
    return Fields(file_.clamp(offset, next_part(offset, offset + kMaxStructureBytes) - offset));
  }

  void read_marks(Triage& triage) {
    triage.service_pack_build = static_cast<std::uint32_t>(word(0));
    triage.kernel_writer = header_.has(Attribute::KernelTriage) || word(0x44) != kClassicOptions;
    const auto mark = word(8);
    if (mark == 0 || file_.clamp(mark, 4).text() != "TRGD"sv) {
      diagnostics_.note(fmt::format(
          "triage dump: its mark of completion at {:#x} is missing: it is damaged or cut off",
          mark));
    }
  }

  /// The string of the pool at \p offset: a count of characters, then UTF-16.
  [[nodiscard]] std::string pool_string(std::uint64_t offset) {
    const auto count = Fields(file_.clamp(offset, 4)).u32(0);
    if (offset == 0 || !count || *count > kMaxNameChars) return {};
    return one_line(utf8_from_utf16_bytes(file_.clamp(offset + 4, std::uint64_t{*count} * 2)).text);
  }

  void read_drivers(Triage& triage) {
    const auto offset = word(0x30);
    auto count = word(0x34);
    if (offset == 0 || count == 0) return;
    if (count > kMaxDrivers) {
      diagnostics_.note(
          fmt::format("triage dump: {} drivers, and the limit is {}", count, kMaxDrivers));
      count = kMaxDrivers;
    }
    triage.drivers.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i) {
      const Fields entry(file_.clamp(offset + i * at_.driver_bytes, at_.driver_bytes));
      if (entry.size() < at_.driver_bytes) {
        diagnostics_.note(fmt::format(
            "triage dump: {} of {} drivers lie behind the end of the file", count - i, count));
        break;
      }
      snapshot::Module module;
      module.base = pointer(entry, at_.ldr_at + at_.dll_base);
      module.size = entry.u32(at_.ldr_at + at_.size_of_image).value_or(0);
      module.checksum = entry.u32(at_.ldr_at + at_.checksum).value_or(0);
      module.timestamp = entry.u32(at_.ldr_at + at_.timestamp).value_or(0);
      module.path = pool_string(entry.u32(0).value_or(0));
      if (module.base == 0 || module.path.empty()) {
        diagnostics_.note(fmt::format(
            "triage dump: driver {} has no {}: the list is damaged, and ends there: {} of {} are "
            "left out",
            i, module.base == 0 ? "address" : "name", count - i, count));
        break;
      }
      triage.drivers.push_back(std::move(module));
    }
    triage.broken_driver = pool_string(word(0x40));
  }

  void read_unloaded(Triage& triage) {
    const auto offset = word(0x18);
    if (offset == 0) return;
    const auto count = pointer(Fields(file_.clamp(offset, 8)), 0);
    if (count > kMaxUnloaded) {
      diagnostics_.note(fmt::format("triage dump: {} unloaded drivers, and the limit is {}", count,
                                    kMaxUnloaded));
      return;
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      const Fields entry(
          file_.clamp(offset + at_.unloaded_head + i * at_.unloaded_bytes, at_.unloaded_bytes));
      if (entry.size() < at_.unloaded_bytes) break;
      snapshot::UnloadedModule module;
      module.base = pointer(entry, at_.unloaded_start);
      const auto end = pointer(entry, at_.unloaded_start + (header_.is_64bit ? 8 : 4));
      module.size = end > module.base ? end - module.base : 0;
      const auto bytes = std::min<std::uint64_t>(entry.u16(0).value_or(0), kUnloadedNameBytes);
      auto name = utf8_from_utf16_bytes(entry.bytes().clamp(at_.unloaded_name, bytes)).text;
      name.resize(std::min(name.find('\0'), name.size()));
      module.name = one_line(name);
      triage.unloaded.push_back(std::move(module));
    }
  }

  /// The stack. What is said of it beyond the part that follows is that part's.
  void read_stack(Triage& triage, SparseMemory& memory) {
    const auto offset = word(0x28), said = word(0x2c);
    triage.stack_top = pointer(fields_, at_.top_of_stack);
    if (offset == 0) return;
    const auto end = next_part(offset, std::max(file_.size(), offset));
    triage.stack_bytes = std::min({said, end - offset, kMaxStackBytes});
    if (triage.stack_bytes < said) {
      diagnostics_.note(
          fmt::format("triage dump: its stack is said to have {} bytes, and {} are there", said,
                      triage.stack_bytes));
    }
    memory.add(triage.stack_top, offset, triage.stack_bytes);
  }

  void read_memory(Triage& triage, SparseMemory& memory) {
    read_stack(triage, memory);
    if (word(at_.data_page_offset) != 0) {
      memory.add(pointer(fields_, at_.data_page_address), word(at_.data_page_offset),
                 word(at_.data_page_size));
    }
    auto count = word(at_.blocks_count);
    if (count > SparseMemory::kMaxBlocks) {
      diagnostics_.note(fmt::format("triage dump: {} blocks of memory, and the limit is {}", count,
                                    SparseMemory::kMaxBlocks));
      count = SparseMemory::kMaxBlocks;
    }
    std::uint64_t lost = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const Fields block(
          file_.clamp(word(at_.blocks_offset) + i * at_.block_bytes, at_.block_bytes));
      if (block.size() < at_.block_bytes) {
        lost += count - i;
        break;
      }
      const auto address = pointer(block, 0);
      const std::uint64_t place = header_.is_64bit ? 8 : 4;
      const auto offset = std::uint64_t{*block.u32(place)},
                 size = std::uint64_t{*block.u32(place + 4)};
      if (offset > file_.size() || size > file_.size() - offset) ++lost;
      memory.add(address, offset, size);
    }
    if (lost != 0) {
      diagnostics_.note(fmt::format("triage dump: {} of memory {} behind the end of the file",
                                    counted(lost, "block"), lost == 1 ? "lies" : "lie"));
    }
  }

  ByteSource& file_;
  const Header& header_;
  Diagnostics& diagnostics_;
  const Layout& at_;
  Fields fields_;
};

}  // namespace

Result<Triage> read_triage(ByteSource& file,
                           const Header& header,
                           SparseMemory& memory,
                           Diagnostics& diagnostics) {
  return Reader(file, header, diagnostics).read(memory);
}

}  // namespace vigil::kerneldump
