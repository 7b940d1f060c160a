// SPDX-License-Identifier: Apache-2.0
#include "unwind/amd64_unwind_info.h"

namespace vigil::unwind {
namespace {

using format::Operation;

constexpr std::uint8_t kOldestVersion = 1;
constexpr std::uint8_t kNewestVersion = 2;
constexpr std::uint64_t kFrameOffsetUnit = 16;

/// How many slots an operation takes; 0: unknown.
std::uint32_t slots_of(Operation kind, std::uint8_t info) {
  switch (kind) {
    case Operation::PushNonvolatile:
    case Operation::AllocateSmall:
    case Operation::SetFrameRegister:
    case Operation::PushMachineFrame: return 1;
    case Operation::AllocateLarge: return info == 0 ? 2 : info == 1 ? 3 : 0;
    case Operation::SaveNonvolatile:
    case Operation::SaveXmm128: return 2;
    // Epilogue codes have one slot each, and there is always an even number of them.
    case Operation::Epilogue: return 2;
    case Operation::SaveNonvolatileFar:
    case Operation::SaveXmm128Far:
    case Operation::Spare: return 3;
  }
  return 0;
}

std::uint64_t u16_of(format::UnwindCode code) {
  return std::uint64_t{code.code_offset} | std::uint64_t{code.operation_and_info} << 8;
}

}  // namespace

std::optional<UnwindOperation> UnwindInfo::operation(std::uint64_t index) const {
  const auto code = codes[index];
  UnwindOperation result{.kind = static_cast<Operation>(code.operation_and_info & 0xf),
                         .info = static_cast<std::uint8_t>(code.operation_and_info >> 4),
                         .code_offset = code.code_offset};
  result.slots = slots_of(result.kind, result.info);
  if (result.slots == 0 || result.slots > codes.size() - index) return std::nullopt;
  // Small operands come in units of what they count, those of three slots in bytes.
  const auto small = result.slots == 2 ? u16_of(codes[index + 1]) : 0;
  if (result.slots == 3) result.operand = u16_of(codes[index + 1]) | u16_of(codes[index + 2]) << 16;
  switch (result.kind) {
    case Operation::AllocateSmall: result.operand = result.info * 8u + 8u; break;
    case Operation::AllocateLarge:
    case Operation::SaveNonvolatile:
      if (result.slots == 2) result.operand = small * 8;
      break;
    case Operation::SaveXmm128: result.operand = small * 16; break;
    case Operation::PushNonvolatile:
    case Operation::SetFrameRegister:
    case Operation::SaveNonvolatileFar:
    case Operation::Epilogue:
    case Operation::Spare:
    case Operation::SaveXmm128Far:
    case Operation::PushMachineFrame: break;
  }
  return result;
}

std::variant<UnwindInfo, StopReason> read_unwind_info(const image::PeImage& image,
                                                      std::uint32_t rva) {
  const auto header =
      image.at(rva, sizeof(format::UnwindInfoHeader)).read<format::UnwindInfoHeader>(0);
  if (!header.ok()) return StopReason::NoUnwindInfo;
  UnwindInfo info;
  info.version = header->version_and_flags & 7;
  if (info.version < kOldestVersion || info.version > kNewestVersion)
    return StopReason::BadUnwindInfo;
  info.prologue_size = header->size_of_prolog;
  info.frame_register = header->frame_register_and_offset & 0xf;
  info.frame_offset = (header->frame_register_and_offset >> 4) * kFrameOffsetUnit;
  const std::uint64_t codes_rva = std::uint64_t{rva} + sizeof(*header);
  const std::uint64_t count = header->count_of_codes;
  const auto codes = image.at(codes_rva, count * sizeof(format::UnwindCode))
                         .read_array<format::UnwindCode>(0, count);
  if (!codes.ok()) return StopReason::NoUnwindInfo;
  info.codes = *codes;
  if ((header->version_and_flags >> 3 & format::kFlagChained) != 0) {
    info.chained = image.chained_function(rva);
    if (!info.chained) return StopReason::NoUnwindInfo;
  }
  return info;
}

}  // namespace vigil::unwind
