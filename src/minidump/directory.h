// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "minidump/reader.h"

namespace vigil::minidump {

/// Stream types by name: StreamType::ThreadListStream.
enum class StreamType : std::uint32_t {
#define VIGIL_STREAM(number, name) name = number,
#include "minidump/stream_types.inc"
#undef VIGIL_STREAM
};

/// `ThreadListStream`; empty for a number that is not in the table.
[[nodiscard]] std::string_view stream_name(std::uint32_t type) noexcept;

struct Directory {
  format::Header header{};
  std::vector<format::Directory> streams;  ///< In file order, without unused entries.
};

/// Reads the header and the directory; what the directory claims and does not hold is noted. Fails
/// when not even the first entry is there.
[[nodiscard]] Result<Directory> read_directory(Reader& reader);

}  // namespace vigil::minidump
