// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/byte_builder.h"

/// Lays out cabinets for tests: one folder, stored without compression, checksums left out (zero),
/// as the format allows.
namespace vigil::test {

struct CabinetFile {
  std::string name;
  std::string content;
};

inline constexpr std::size_t kCabinetHeaderBytes = 36, kCabinetFolderBytes = 8,
                             kMaxCabinetBlock = 32'768;
/// Offsets of fields for tests that damage them.
inline constexpr std::size_t kCabinetFilesField = 16, kCabinetFileCountField = 28,
                             kCabinetDataField = kCabinetHeaderBytes,
                             kCabinetBlockCountField = kCabinetHeaderBytes + 4,
                             kCabinetFileSizeField = kCabinetHeaderBytes + kCabinetFolderBytes;

inline std::string cabinet_of(const std::vector<CabinetFile>& files) {
  std::string content;
  ByteBuilder entries;
  for (const auto& file : files) {
    entries.u32(file.content.size()).u32(content.size()).u16(0).u16(0x5a21).u16(0).u16(0x20);
    entries.raw(file.name).raw(std::string_view("\0", 1));
    content += file.content;
  }
  ByteBuilder data;
  std::size_t blocks = 0;
  for (std::size_t at = 0; at < content.size(); at += kMaxCabinetBlock, ++blocks) {
    const auto part = std::string_view(content).substr(at, kMaxCabinetBlock);
    data.u32(0).u16(part.size()).u16(part.size()).raw(part);
  }
  const auto files_at = kCabinetHeaderBytes + kCabinetFolderBytes;
  const auto data_at = files_at + entries.bytes().size();
  ByteBuilder cabinet;
  cabinet.raw("MSCF").u32(0).u32(data_at + data.bytes().size()).u32(0).u32(files_at).u32(0);
  cabinet.u16(0x0103).u16(1).u16(files.size()).u16(0).u16(1).u16(0);
  cabinet.u32(data_at).u16(blocks).u16(0);
  cabinet.raw(entries.bytes()).raw(data.bytes());
  return cabinet.bytes();
}

inline std::string cabinet_of(std::string name, std::string content) {
  return cabinet_of({{std::move(name), std::move(content)}});
}

}  // namespace vigil::test
