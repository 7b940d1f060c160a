// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "support/byte_builder.h"

namespace vigil::kerneldump {

/// A header of 64 bits as a writer leaves it that fills in little: the rest is "PAGE", repeated.
inline test::ByteBuilder made_header64(std::uint32_t dump_type) {
  std::string filler;
  while (filler.size() < 0x2000) filler += "PAGE";
  test::ByteBuilder header(filler);
  header.patch_u32(4, 0x34365544).patch_u32(8, 0xf).patch_u32(0xc, 19041);
  header.patch_u64(0x10, 0x1ad000).patch_u64(0x20, 0xfffff8047c62a390);
  header.patch_u64(0x28, 0xfffff8047c61e200).patch_u32(0x30, 0x8664).patch_u32(0x34, 16);
  header.patch_u32(0x38, 0xd1).patch_u64(0x40, 0x29).patch_u64(0x48, 2);
  header.patch_u64(0x50, 0).patch_u64(0x58, 0xfffff800a56d1ae9);
  header.patch_u64(0x80, 0xfffff8047c600b20).patch_u32(0xf98, dump_type);
  return header;
}

/// The same of 32 bits.
inline test::ByteBuilder made_header32(std::uint32_t dump_type, bool pae) {
  std::string filler;
  while (filler.size() < 0x1000) filler += "PAGE";
  test::ByteBuilder header(filler);
  header.patch_u32(4, 0x504d5544).patch_u32(8, 0xf).patch_u32(0xc, 7601);
  header.patch_u32(0x10, 0x185000).patch_u32(0x18, 0x82938850).patch_u32(0x1c, 0x82930e98);
  header.patch_u32(0x20, 0x14c).patch_u32(0x24, 2).patch_u32(0x28, 0x8e);
  header.patch_u32(0x2c, 0xc0000005).patch_u32(0x30, 0x82850000).patch_u32(0x34, 0x8a0b1c00);
  header.patch_u32(0x38, 0).patch_u8(0x5c, pae ? 1 : 0).patch_u32(0x60, 0x82926be8);
  header.patch_u32(0xf88, dump_type);
  return header;
}

}  // namespace vigil::kerneldump
