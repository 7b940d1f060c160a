// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/byte_source.h"

namespace vigil::minidump {

/// One frame of a zstd file: so many bytes at such a place become so many at such another.
struct ZstdFrame {
  std::uint64_t packed_offset = 0;
  std::uint64_t unpacked_offset = 0;
  std::uint32_t packed_size = 0;
  std::uint32_t unpacked_size = 0;
};

/// The frames of a file in the zstd seekable format, those without content left out.
struct SeekTable {
  std::vector<ZstdFrame> frames;
  std::uint64_t unpacked_size = 0;
};

/// The seek table at the end of \p file, checked against the file: its frames fill it, from the
/// first byte to the table. Nothing when there is no table; an error when there is one that is not
/// true.
[[nodiscard]] Result<std::optional<SeekTable>> read_seek_table(ByteSource& file);

}  // namespace vigil::minidump
