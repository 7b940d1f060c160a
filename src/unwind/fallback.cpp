// SPDX-License-Identifier: Apache-2.0
#include "unwind/fallback.h"

#include "unwind/step.h"

namespace vigil::unwind {
namespace {

/// Further up, a stale address is more likely than the caller's: frames are rarely larger.
constexpr std::uint64_t kMaxScannedWords = 256;

/// The kernel returns to its own half of the addresses, in which its stack lies; a program's is
/// left there as a register that was saved.
bool is_of_program(const ChainRules& rules, std::uint64_t stack, std::uint64_t address) {
  constexpr unsigned kUpperHalf = 63;
  return rules.word_bytes == sizeof(std::uint64_t) && stack >> kUpperHalf != 0 &&
         address >> kUpperHalf == 0;
}

/// Whether an address whose code nobody has may be the caller's of \p frame. One that lies there
/// again is most often left from an earlier call of the same function.
bool may_be_guessed(const ChainRules& rules,
                    const Chain& frame,
                    std::uint64_t slot,
                    std::uint64_t address) {
  constexpr std::uint64_t kCallAlignment = 16, kAtCall = 8;
  const bool aligned = !rules.calls_aligned || slot % kCallAlignment == kAtCall;
  return rules.guess_without_code && aligned && address != frame.pc;
}

}  // namespace

std::variant<Chain, StopReason> follow_frame_pointer(const Target& target,
                                                     const Chain& frame,
                                                     const ChainRules& rules) {
  const auto word = rules.word_bytes;
  if (frame.fp < frame.sp || frame.fp % word != 0 || !target.in_stack(frame.fp)) {
    return StopReason::OutsideStack;
  }
  const auto saved = target.read_word(frame.fp, word);
  const auto kept = target.read_word(frame.fp + word, word);
  if (!saved || !kept) return StopReason::NoMemory;
  if (rules.is_convention && *kept == 0) return StopReason::EndOfStack;
  const auto address = without_signature(*kept, rules.address_mask);
  const auto evidence = target.follows_call(address);
  if (evidence == CallEvidence::No) return StopReason::NotInModule;
  if (evidence == CallEvidence::Unknown && !rules.is_convention) return StopReason::NoImage;
  // The outermost frame has no caller with a frame pointer; every other saved one points further
  // up.
  const bool ends_here = rules.is_convention && *saved == 0;
  if (!ends_here && *saved <= frame.fp) return StopReason::NoProgress;
  return Chain{address, frame.fp + 2 * word, *saved};
}

std::optional<Chain> scan_stack(const Target& target, const Chain& frame, const ChainRules& rules) {
  const auto word = rules.word_bytes;
  const auto start = (frame.sp + word - 1) / word * word;
  for (std::uint64_t i = 0; i < kMaxScannedWords && !target.is_late(); ++i) {
    const auto slot = start + i * word;
    const auto value = target.read_word(slot, word);
    if (!value || !target.in_stack(slot)) return std::nullopt;
    const auto address = without_signature(*value, rules.address_mask);
    if (is_of_program(rules, slot, address)) continue;
    const auto evidence = target.follows_call(address);
    const bool likely = evidence == CallEvidence::Yes && target.may_call(address);
    if (likely ||
        (evidence == CallEvidence::Unknown && may_be_guessed(rules, frame, slot, address))) {
      return Chain{address, slot + word, frame.fp};
    }
  }
  return std::nullopt;
}

}  // namespace vigil::unwind
