// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_resource.h"

#include <cstdio>
#include <string>

#include "support/byte_builder.h"

namespace vigil::test {
namespace {

/// A block of a version resource: length, value length, type, key, value, children.
ByteBuilder version_block(std::string_view key,
                          bool text,
                          std::size_t value_length,
                          const std::string& value,
                          const std::string& children) {
  ByteBuilder block;
  block.u16(0).u16(value_length).u16(text ? 1 : 0).utf16(key).u16(0).align(4);
  block.raw(value).align(4).raw(children);
  return block.patch_u16(0, block.size());
}

std::string version_string(std::string_view key, std::string_view value) {
  ByteBuilder text;
  text.utf16(value).u16(0);
  return version_block(key, true, value.size() + 1, text.bytes(), {}).align(4).bytes();
}

std::string fixed_version(std::string_view version) {
  std::array<std::uint32_t, 4> parts{};
  std::size_t index = 0;
  for (const char letter : version) {
    if (letter == '.') {
      ++index;
    } else {
      parts.at(index) = parts.at(index) * 10 + static_cast<std::uint32_t>(letter - '0');
    }
  }
  ByteBuilder fixed;
  fixed.u32(0xfeef'04bd).u32(0x1'0000);
  for (int twice = 0; twice < 2; ++twice) {
    fixed.u32(parts[0] << 16 | parts[1]).u32(parts[2] << 16 | parts[3]);
  }
  return fixed.u32(0x3f).u32(0).u32(0x4'0004).u32(3).u32(7).u64(0).bytes();
}

}  // namespace

std::string pe_header(const PeHeader& header) {
  ByteBuilder pe;
  pe.raw("MZ").seek(0x3c).u32(0x80).seek(0x80).raw(std::string_view("PE\0\0", 4));
  pe.u16(0x8664).u16(header.sections.size()).u32(header.timestamp).u64(0).u16(0xf0);
  pe.u16(header.executable ? 0x22 : 0x2022);
  pe.u16(0x20b).u8(14).u8(20).u32(0x5000).u32(0x4000).u32(0).u32(header.entry).u32(0x1000);
  pe.u64(header.base).u32(0x1000).u32(0x1000);
  pe.u16(10).u16(0).u16(10).u16(0).u16(10).u16(0).u32(0);
  pe.u32(header.size).u32(0x1000).u32(header.checksum).u16(1).u16(0x160);
  pe.u64(0x40000).u64(0x1000).u64(0x100000).u64(0x1000).u32(0).u32(16);
  for (const auto& [rva, size] : header.directories) pe.u32(rva).u32(size);
  for (const auto& section : header.sections) {
    const auto start = pe.size();
    pe.raw(section.name).seek(start + 8).u32(section.size).u32(section.rva).u32(section.size);
    pe.u32(section.rva).u64(0).u32(0).u32(section.flags);
  }
  return pe.bytes();
}

std::string version_resource(std::uint32_t rva,
                             std::string_view version,
                             std::string_view company,
                             std::string_view name) {
  const auto table = version_block("040904B0", true, 0, {},
                                   version_string("CompanyName", company) +
                                       version_string("FileVersion", version) +
                                       version_string("OriginalFilename", name));
  const auto strings = version_block("StringFileInfo", true, 0, {}, table.bytes());
  const auto fixed = fixed_version(version);
  const auto root =
      version_block("VS_VERSION_INFO", false, fixed.size(), fixed, strings.bytes()).bytes();
  ByteBuilder tree;
  const auto directory = [&tree](std::uint32_t id, std::uint32_t target) {
    tree.u64(0).u32(0).u16(0).u16(1).u32(id).u32(target);
  };
  directory(16, 0x8000'0018);
  directory(1, 0x8000'0030);
  directory(0x409, 0x48);
  tree.u32(rva + 0x58).u32(root.size()).u32(0).u32(0).raw(root);
  return tree.bytes();
}

std::string debug_data(std::string_view pdb, std::uint32_t seed) {
  ByteBuilder record;
  record.raw("RSDS").u32(seed).u16(0x1122).u16(0x3344);
  for (const int byte : {0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc}) {
    record.u8(static_cast<std::uint64_t>(byte));
  }
  return record.u32(1).c_string(pdb).bytes();
}

std::string debug_id(std::uint32_t seed) {
  std::array<char, 16> text{};
  static_cast<void>(std::snprintf(text.data(), text.size(), "%08X", seed));
  return std::string(text.data()) + "1122334455667788" + "99AABBCC" + "1";
}

}  // namespace vigil::test
