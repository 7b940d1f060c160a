// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "unwind/step.h"

namespace vigil::unwind {
namespace {

using snapshot::X86Context;

constexpr std::uint32_t kWordBytes = sizeof(std::uint32_t);
constexpr std::uint8_t kPushEbp = 0x55;

/// Whether the bytes at \p address start with `mov ebp, esp`, in either of its encodings.
bool sets_frame_pointer(const Target& target, std::uint64_t address) {
  const auto code = target.code(address, 2).read<std::uint16_t>(0);
  return code.ok() && (*code == 0xec8b || *code == 0xe589);
}

bool is_byte(const Target& target, std::uint64_t address, std::uint8_t value) {
  const auto code = target.code(address, 1).read<std::uint8_t>(0);
  return code.ok() && *code == value;
}

/// How far above the stack pointer the return address lies, where the frame pointer is still or
/// again the caller's: at the first two instructions of a prologue, at the return, and where a call
/// through a bad pointer led to no code.
std::optional<std::uint32_t> return_address_offset(const Target& target,
                                                   std::uint32_t eip,
                                                   const Target::OptionalPlace& place) {
  if (!place) return 0;
  if (is_byte(target, eip, 0xc3) || is_byte(target, eip, 0xc2)) return 0;
  if (is_byte(target, eip, kPushEbp) && sets_frame_pointer(target, eip + 1)) return 0;
  // `mov edi, edi`, room for a hot patch, comes before `push ebp` in Microsoft's own DLLs.
  const auto patchable = target.code(eip, 3);
  if (!patchable.empty() && patchable.text() == "\x8b\xff\x55") return 0;
  if (sets_frame_pointer(target, eip) && is_byte(target, eip - 1, kPushEbp)) return kWordBytes;
  return std::nullopt;
}

}  // namespace

Step<X86Context> unwind(const Target& target,
                        const Cursor<X86Context>& frame,
                        const Target::OptionalPlace& place) {
  if (!frame.exact) return StopReason::NoUnwindInfo;
  const auto offset = return_address_offset(target, frame.context.eip, place);
  if (!offset) return StopReason::NoUnwindInfo;
  const auto slot = frame.context.esp + *offset;
  const auto address = target.read_word(slot, kWordBytes);
  if (!address) return StopReason::NoMemory;
  if (target.follows_call(*address) == CallEvidence::No) return StopReason::NotInModule;
  Cursor<X86Context> caller{frame.context, FrameTrust::Leaf, false};
  caller.context.eip = static_cast<std::uint32_t>(*address);
  caller.context.esp = slot + kWordBytes;
  if (*offset != 0) {
    const auto ebp = target.read_word(frame.context.esp, kWordBytes);
    if (!ebp) return StopReason::NoMemory;
    caller.context.ebp = static_cast<std::uint32_t>(*ebp);
  }
  return caller;
}

}  // namespace vigil::unwind
