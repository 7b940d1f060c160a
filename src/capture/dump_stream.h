// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "base/result.h"
#include "capture/dump_content.h"
#include "capture/dump_file.h"
#include "capture/sink.h"
#include "capture/target_memory.h"

namespace vigil::capture {

/// How a dump that is being written can be followed and ended early. Both may be left out.
struct WriteControl {
  std::function<void(std::uint64_t done, std::uint64_t total)> progress{};
  std::stop_token cancel{};
};

struct StreamedDump {
  std::uint64_t raw_bytes = 0;         ///< Before compression.
  std::uint64_t memory_bytes = 0;      ///< Of them: the target's memory.
  std::uint64_t unreadable_bytes = 0;  ///< Of those: zeros in place of what could not be read.
};

/// Writes the whole dump into \p sink, which the caller then finishes: no memory is read any more,
/// and the process can go on. Memory is read in chunks of kFrameBytes, in order. Errc::Cancelled
/// when asked to stop; else the sink's error.
[[nodiscard]] Result<StreamedDump> stream_dump(const DumpContent& content,
                                               TargetMemory& memory,
                                               Sink& sink,
                                               const WriteControl& control);

/// Passes the first \p size bytes of \p file, a dump that somebody else has written, on to \p sink.
/// Errc::Cancelled when asked to stop.
[[nodiscard]] Status copy_file(PartialFile& file,
                               std::uint64_t size,
                               Sink& sink,
                               const WriteControl& control);

}  // namespace vigil::capture
