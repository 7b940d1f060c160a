// SPDX-License-Identifier: Apache-2.0
#include "unwind/arm64_codes.h"

#include <utility>

namespace vigil::unwind {
namespace {

using Kind = Arm64Operation::Kind;

constexpr std::uint8_t kFirstSaved = 19;  // x19 is the first register that a function must preserve
constexpr std::uint8_t kNone = Arm64Operation::kNoRegister;
constexpr std::uint8_t kEndCode = 0xe4, kEndOfPartCode = 0xe5, kSaveNextCode = 0xe6;

Arm64Operation restore(std::uint32_t first,
                       std::uint32_t second,
                       std::uint32_t offset,
                       std::uint32_t release) {
  // Register numbers past the link register come from damaged codes only.
  const auto valid = [](std::uint32_t r) {
    return r <= kArm64Lr ? static_cast<std::uint8_t>(r) : kNone;
  };
  return {Kind::Restore, valid(first), valid(second), offset, release};
}

Arm64Operation release(std::uint32_t bytes) {
  return restore(kNone, kNone, 0, bytes);
}

/// How many bytes a code has, by its first.
std::uint32_t code_bytes(std::uint8_t first) {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;  // and alloc_z, 0xdf
  switch (first) {
    case 0xe0: return 4;  // alloc_l
    case 0xe2: return 2;  // add_fp
    case 0xe7: return 3;  // save_any_reg
    default: return 1;
  }
}

/// The two-byte codes from 0xc8 on: four bits or so of register, six or so of offset in words.
std::optional<Arm64Operation> decode_save(std::uint32_t code) {
  const auto x = code >> 6 & 0xf;
  const auto z = (code & 0x3f) * 8;
  const auto first = kFirstSaved + x;
  switch (code >> 10) {
    case 0b110010: return restore(first, first + 1, z, 0);      // save_regp
    case 0b110011: return restore(first, first + 1, 0, z + 8);  // save_regp_x
    case 0b110100: return restore(first, kNone, z, 0);          // save_reg
    default: break;
  }
  switch (code >> 9) {
    case 0b1101010:
      return restore(kFirstSaved + (code >> 5 & 0xf), kNone, 0, (code & 0x1f) * 8 + 8);
    case 0b1101011:
      return restore(kFirstSaved + 2 * (code >> 6 & 7), kArm64Lr, z, 0);  // save_lrpair
    case 0b1101100: return release(0);                                    // save_fregp
    case 0b1101101: return release(z + 8);                                // save_fregp_x
    case 0b1101110: return release(0);                                    // save_freg
    default: break;
  }
  if (code >> 8 == 0xde) return release((code & 0x1f) * 8 + 8);  // save_freg_x
  return std::nullopt;  // alloc_z: no SVE on Windows' own ABI
}

std::optional<Arm64Operation> decode_any_register(std::uint32_t code) {
  const bool pair = (code >> 14 & 1) != 0;
  const bool pre_indexed = (code >> 13 & 1) != 0;
  const auto number = code >> 8 & 0x1f;
  const auto type = code >> 6 & 3;  // x, d, q
  if (type == 3 || (code >> 15 & 1) != 0) return std::nullopt;
  const std::uint32_t unit = pair || pre_indexed || type == 2 ? 16 : 8;
  const auto bytes = (code & 0x3f) * unit;
  const auto offset = pre_indexed ? 0 : bytes;
  const auto released = pre_indexed ? bytes + unit : 0;
  if (type != 0) return restore(kNone, kNone, offset, released);
  return restore(number, pair ? number + 1 : kNone, offset, released);
}

/// One code, its bytes put together most significant first.
std::optional<Arm64Operation> decode(std::uint8_t first, std::uint32_t code) {
  if (first < 0x20) return release(first * 16u);  // alloc_s
  if (first < 0x40)
    return restore(kFirstSaved, kFirstSaved + 1, 0, (first & 0x1f) * 8u);        // save_r19r20_x
  if (first < 0x80) return restore(kArm64Fp, kArm64Lr, (first & 0x3f) * 8u, 0);  // save_fplr
  if (first < 0xc0) return restore(kArm64Fp, kArm64Lr, 0, (first & 0x3f) * 8u + 8);  // save_fplr_x
  if (first < 0xc8) return release((code & 0x7ff) * 16);                             // alloc_m
  if (first < 0xe0) return decode_save(code);
  switch (first) {
    case 0xe0: return release((code & 0xffffff) * 16);  // alloc_l
    case 0xe1: return Arm64Operation{.kind = Kind::SetFp};
    case 0xe2: return Arm64Operation{.kind = Kind::SetFp, .offset = (code & 0xff) * 8};  // add_fp
    case 0xe3: return Arm64Operation{};                                                  // nop
    case 0xe7: return decode_any_register(code);
    case 0xfc: return Arm64Operation{.kind = Kind::SignLr};
    default: return std::nullopt;
  }
}

std::optional<std::uint32_t> read_code(ByteView codes, std::uint64_t index, std::uint32_t size) {
  std::uint32_t code = 0;
  for (std::uint32_t i = 0; i < size; ++i) {
    const auto byte = codes.read<std::uint8_t>(index + i);
    if (!byte.ok()) return std::nullopt;
    code = code << 8 | *byte;
  }
  return code;
}

/// `save_next` stands for the pair behind the one that the code after it saves, 16 bytes further.
void resolve_save_next(std::vector<Arm64Operation>& operations,
                       std::uint64_t pending,
                       const Arm64Operation& pair) {
  for (std::uint64_t i = 0; i < pending; ++i) {
    auto& next = operations[operations.size() - 1 - i];
    const auto step = static_cast<std::uint32_t>(i + 1);
    next = restore(pair.first + 2u * step, pair.second + 2u * step, pair.offset + 16 * step, 0);
  }
}

}  // namespace

std::optional<Arm64Codes> decode_arm64_codes(ByteView codes, std::uint64_t index) {
  Arm64Codes result;
  bool own_part = true;
  std::uint64_t pending_next = 0;
  for (;;) {
    const auto first = codes.read<std::uint8_t>(index);
    if (!first.ok()) return std::nullopt;
    if (*first == kEndCode) break;
    const auto size = code_bytes(*first);
    const auto code = read_code(codes, index, size);
    if (!code) return std::nullopt;
    index += size;
    if (*first == kEndOfPartCode) {
      if (own_part) result.prologue = result.operations.size();
      own_part = false;
      continue;
    }
    if (*first == kSaveNextCode) {
      result.operations.emplace_back();
      ++pending_next;
      continue;
    }
    const auto operation = decode(*first, *code);
    if (!operation) return std::nullopt;
    resolve_save_next(result.operations, std::exchange(pending_next, 0), *operation);
    result.operations.push_back(*operation);
  }
  if (own_part) result.prologue = result.operations.size();
  return result;
}

std::vector<Arm64Operation> expand_packed_arm64(std::uint32_t unwind_data) {
  const auto float_field = unwind_data >> 13 & 7;
  const auto integers = unwind_data >> 16 & 0xf;  // saved from x19 on
  const bool homes = (unwind_data >> 20 & 1) != 0;
  const auto chain = unwind_data >> 21 & 3;
  const auto frame_bytes = (unwind_data >> 23) * 16;
  const bool saves_lr = chain == 1;
  const auto floats = float_field == 0 ? 0 : float_field + 1;
  const auto integer_bytes = integers * 8 + (saves_lr ? 8 : 0);
  const auto saved_bytes = (integer_bytes + floats * 8 + (homes ? 64 : 0) + 15) / 16 * 16;
  const auto local_bytes = frame_bytes > saved_bytes ? frame_bytes - saved_bytes : 0;

  std::vector<Arm64Operation> prologue;  // in the order the instructions run
  if (chain == 2) prologue.push_back({.kind = Kind::SignLr});
  std::uint32_t to_allocate = saved_bytes;  // by the first save
  const auto save = [&](std::uint32_t first, std::uint32_t second, std::uint32_t offset) {
    prologue.push_back(restore(first, second, offset, std::exchange(to_allocate, 0)));
  };
  for (std::uint32_t i = 0; i + 1 < integers; i += 2)
    save(kFirstSaved + i, kFirstSaved + i + 1, i * 8);
  if (integers % 2 == 1) {
    const auto last = integers - 1;
    save(kFirstSaved + last, saves_lr ? kArm64Lr : kNone, last * 8);
  } else if (saves_lr) {
    save(kArm64Lr, kNone, integers * 8);
  }
  for (std::uint32_t i = 0; i < floats; i += 2) save(kNone, kNone, 0);
  for (int i = 0; homes && i < 4; ++i) {  // the parameters in x0 to x7, which nothing restores
    if (to_allocate > 0) {
      save(kNone, kNone, 0);
    } else {
      prologue.emplace_back();
    }
  }
  constexpr std::uint32_t kMaxAllocate = 4080;  // what one `sub sp` of the common prologue takes
  constexpr std::uint32_t kMaxPreIndexed = 512;
  if (chain >= 2) {
    if (local_bytes > kMaxPreIndexed) {
      if (local_bytes > kMaxAllocate) prologue.push_back(release(kMaxAllocate));
      prologue.push_back(
          release(local_bytes > kMaxAllocate ? local_bytes - kMaxAllocate : local_bytes));
      prologue.push_back(restore(kArm64Fp, kArm64Lr, 0, 0));
    } else {
      prologue.push_back(restore(kArm64Fp, kArm64Lr, 0, local_bytes));
    }
    prologue.push_back({.kind = Kind::SetFp});
  } else if (local_bytes > 0) {
    if (local_bytes > kMaxAllocate) prologue.push_back(release(kMaxAllocate));
    prologue.push_back(
        release(local_bytes > kMaxAllocate ? local_bytes - kMaxAllocate : local_bytes));
  }
  return {prologue.rbegin(), prologue.rend()};
}

}  // namespace vigil::unwind
