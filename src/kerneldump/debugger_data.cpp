// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

/// Addresses of 32 bits are sign-extended in the block.
constexpr std::uint64_t kLow32 = 0xffffffff;

}  // namespace

DebuggerData::DebuggerData(Fields bytes, bool is_64bit) : is_64bit_(is_64bit) {
  const auto size = bytes.u32(kSizeAt);
  if (bytes.u32(kTagAt) != kTag || !size || *size < kLeastBytes) return;
  fields_ = Fields(bytes.bytes().clamp(0, *size));
}

std::optional<std::uint64_t> DebuggerData::address(std::uint64_t at) const {
  auto value = fields_.u64(at);
  if (value && !is_64bit_) *value &= kLow32;
  return value && *value != 0 ? value : std::nullopt;
}

std::optional<std::uint64_t> DebuggerData::offset(std::uint64_t at) const {
  constexpr std::uint16_t kNone = 0xffff;
  const auto value = fields_.u16(at);
  if (!value || *value == 0 || *value == kNone) return std::nullopt;
  return *value;
}

std::optional<std::uint64_t> DebuggerData::offset32(std::uint64_t at) const {
  constexpr std::uint32_t kMost = 0x10000;
  const auto value = fields_.u32(at);
  if (!value || *value == 0 || *value >= kMost) return std::nullopt;
  return *value;
}

void read_debugger_data(Kernel& kernel) {
  const bool wide = kernel.header.is_64bit;
  if (kernel.triage != nullptr) kernel.debugger = DebuggerData(kernel.triage->debugger_data, wide);
  const auto address = kernel.header.debugger_data;
  if (kernel.debugger.empty() && address != 0)
    kernel.debugger = DebuggerData(Fields(kernel.memory.at(address, DebuggerData::kBytes)), wide);
}

void search_debugger_data(Kernel& kernel) {
  constexpr std::uint64_t kSearchedBytes = std::uint64_t{32} << 20, kStep = 16;
  if (!kernel.debugger.empty()) return;
  const auto base = kernel.state.kernel_base;
  const auto size = base == 0 ? 0 : std::min(kernel.out.modules.front().size, kSearchedBytes);
  for (std::uint64_t page = 0; page < size; page += kPageBytes) {
    const Fields bytes(kernel.memory.at(base + page, kPageBytes));
    for (std::uint64_t at = 0; at + DebuggerData::kSizeAt < bytes.size(); at += kStep) {
      if (bytes.u32(at + DebuggerData::kTagAt) != DebuggerData::kTag) continue;
      const DebuggerData found(Fields(kernel.memory.at(base + page + at, DebuggerData::kBytes)),
                               kernel.header.is_64bit);
      if (found.kernel_base() != base) continue;
      kernel.debugger = found;
      kernel.state.debugger_data = base + page + at;
      kernel.notes.note(fmt::format("debugger data: found at {:#x}, and not where the header says",
                                    base + page + at));
      return;
    }
  }
  if (kernel.header.type == DumpType::HeaderOnly) return;
  kernel.notes.note("debugger data: not in this dump, so that less of the kernel can be read");
}

}  // namespace vigil::kerneldump
