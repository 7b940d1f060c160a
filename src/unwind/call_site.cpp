// SPDX-License-Identifier: Apache-2.0
#include "unwind/call_site.h"

namespace vigil::unwind {
namespace {

constexpr std::uint8_t kCallRelative = 0xe8;  // call rel32
constexpr std::uint64_t kCallRelativeBytes = 5;
constexpr std::uint8_t kGroup5 = 0xff;  // call r/m is /2
constexpr std::uint8_t kCallIndirect = 2;
constexpr std::uint8_t kSibFollows = 4;
constexpr std::uint8_t kNoBase = 5;  // with mod 0: disp32 instead of a register

/// How long `FF /2` with this ModRM (and SIB) byte is, without prefixes; 0 when it is no call.
std::uint64_t indirect_call_bytes(std::uint8_t mod_rm, std::uint8_t sib) {
  const auto mod = mod_rm >> 6;
  const auto rm = mod_rm & 7;
  if (((mod_rm >> 3) & 7) != kCallIndirect) return 0;
  if (mod == 3) return 2;
  std::uint64_t size = rm == kSibFollows ? 3 : 2;
  if (mod == 1) size += 1;
  if (mod == 2) size += 4;
  if (mod == 0 && (rm == kNoBase || (rm == kSibFollows && (sib & 7) == kNoBase))) size += 4;
  return size;
}

bool ends_with_x86_call(ByteView before) {
  const auto bytes = before.bytes();
  const auto back = [&](std::uint64_t distance) {
    return std::to_integer<std::uint8_t>(bytes[bytes.size() - distance]);
  };
  if (bytes.size() >= kCallRelativeBytes && back(kCallRelativeBytes) == kCallRelative) return true;
  for (std::uint64_t size = 2; size <= kLongestCallBytes && size <= bytes.size(); ++size) {
    if (back(size) != kGroup5) continue;
    const std::uint8_t sib = size > 2 ? back(size - 2) : 0;
    if (indirect_call_bytes(back(size - 1), sib) == size) return true;
  }
  return false;
}

bool ends_with_arm64_call(ByteView before) {
  if (before.size() < 4) return false;
  const auto instruction = before.read<std::uint32_t>(before.size() - 4);
  if (!instruction.ok()) return false;
  const bool bl = (*instruction & 0xfc000000) == 0x94000000;
  const bool blr = (*instruction & 0xfffffc1f) == 0xd63f0000;
  const bool authenticated =
      (*instruction & 0xfefff800) == 0xd63f0800;  // BLRAA, BLRAB, BLRAAZ, BLRABZ
  return bl || blr || authenticated;
}

}  // namespace

bool ends_with_call(image::Machine machine, ByteView before) {
  switch (machine) {
    case image::Machine::X86:
    case image::Machine::Amd64: return ends_with_x86_call(before);
    case image::Machine::Arm64: return ends_with_arm64_call(before);
    case image::Machine::Unknown: return false;
  }
  return false;
}

}  // namespace vigil::unwind
