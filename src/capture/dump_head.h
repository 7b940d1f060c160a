// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "capture/dump_content.h"

namespace vigil::capture {

/// Everything of a minidump but the memory: header, directory, streams, strings, contexts, and the
/// list of the memory that follows, byte for byte in the order of DumpContent::memory. It is
/// complete before the first byte is written, so that a dump can stream through a compressor
/// without ever going back.
struct DumpHead {
  std::vector<std::byte> bytes;
  std::uint64_t memory_bytes = 0;
  [[nodiscard]] std::uint64_t file_size() const noexcept { return bytes.size() + memory_bytes; }
};

/// Errc::LimitExceeded where offsets of 32 bits do not reach.
[[nodiscard]] Result<DumpHead> lay_out(const DumpContent& content);

}  // namespace vigil::capture
