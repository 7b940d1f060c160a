// SPDX-License-Identifier: Apache-2.0
#include "pdb/frames.h"

#include "pdb/format.h"
#include "pdb/search.h"

namespace vigil::pdb {
namespace {

constexpr std::uint32_t kDwordBytes = 4;
constexpr std::uint64_t kBaseBytes = 4;

/// The record of a table sorted by start that covers \p rva and begins last. All addresses are
/// relative to \p base.
template <class T>
std::optional<T> find_record(const Stream& records, std::uint32_t rva) {
  const auto at = [&](std::uint64_t i) { return records.read<T>(i * sizeof(T)); };
  std::uint64_t next = count_up_to(records.size() / sizeof(T), [&](std::uint64_t i) {
    const auto entry = at(i);
    return entry.ok() && entry->start <= rva;
  });
  for (int i = 0; i < kMaxOverlaps && next > 0; ++i) {
    const auto entry = at(--next);
    if (!entry.ok()) break;
    if (entry->start <= rva && rva - entry->start < entry->size) return *entry;
  }
  return std::nullopt;
}

}  // namespace

std::optional<FrameData> find_frame_data(const Stream& records,
                                         const Names& names,
                                         std::uint32_t rva) {
  // Those of a module have an address in front that theirs are relative to.
  std::uint32_t base = 0;
  Stream table = records;
  if (records.size() % sizeof(format::FrameData) == kBaseBytes) {
    const auto first = records.read<std::uint32_t>(0);
    if (!first.ok() || *first > rva) return std::nullopt;
    base = *first;
    table = records.part(kBaseBytes, records.size());
  }
  const auto raw = find_record<format::FrameData>(table, rva - base);
  if (!raw) return std::nullopt;
  return FrameData{.rva = base + raw->start,
                   .size = raw->size,
                   .locals = raw->locals,
                   .params = raw->params,
                   .saved_registers = raw->saved_registers,
                   .prologue = raw->prologue,
                   .stack_max = raw->stack_max,
                   .program = names.at(raw->program),
                   .has_seh = (raw->flags & format::kFrameHasSeh) != 0,
                   .has_cpp_eh = (raw->flags & format::kFrameHasCppEh) != 0,
                   .is_function_start = (raw->flags & format::kFrameIsFunctionStart) != 0};
}

std::optional<FrameData> find_old_fpo(const Stream& records, std::uint32_t rva) {
  const auto raw = find_record<format::FpoData>(records, rva);
  if (!raw) return std::nullopt;
  const std::uint32_t bits = raw->bits;
  return FrameData{.rva = raw->start,
                   .size = raw->size,
                   .locals = raw->locals * kDwordBytes,
                   .params = raw->params * kDwordBytes,
                   .saved_registers = (bits & 7) * kDwordBytes,
                   .prologue = raw->prologue,
                   .stack_max = 0,
                   .program = {},
                   .kind = static_cast<FrameData::Kind>(bits >> 6),
                   .uses_base_pointer = (bits & 0x10) != 0,
                   .has_seh = (bits & 0x08) != 0};
}

}  // namespace vigil::pdb
