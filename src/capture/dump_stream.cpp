// SPDX-License-Identifier: Apache-2.0
#include "capture/dump_stream.h"

#include <algorithm>
#include <vector>

#include "capture/dump_head.h"

namespace vigil::capture {

Result<StreamedDump> stream_dump(const DumpContent& content,
                                 TargetMemory& memory,
                                 Sink& sink,
                                 const WriteControl& control) {
  VIGIL_TRY_ASSIGN(const auto head, lay_out(content));
  const auto total = head.file_size();
  StreamedDump result{.raw_bytes = total, .memory_bytes = head.memory_bytes};
  std::uint64_t done = 0;
  const auto put = [&](std::span<const std::byte> bytes) -> Status {
    if (control.cancel.stop_requested()) return Error{Errc::Cancelled, "dump: cancelled"};
    VIGIL_TRY(sink.write(bytes));
    done += bytes.size();
    if (control.progress) control.progress(done, total);
    return {};
  };
  VIGIL_TRY(put(head.bytes));
  std::vector<std::byte> chunk;
  for (const auto& range : content.memory) {
    for (std::uint64_t offset = 0; offset < range.size; offset += chunk.size()) {
      chunk.resize(
          static_cast<std::size_t>(std::min<std::uint64_t>(range.size - offset, kFrameBytes)));
      result.unreadable_bytes += read_or_zero(memory, range.base + offset, chunk);
      VIGIL_TRY(put(chunk));
    }
  }
  return result;
}

Status copy_file(PartialFile& file, std::uint64_t size, Sink& sink, const WriteControl& control) {
  std::vector<std::byte> chunk;
  for (std::uint64_t offset = 0; offset < size; offset += chunk.size()) {
    if (control.cancel.stop_requested()) return Error{Errc::Cancelled, "dump: cancelled"};
    chunk.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size - offset, kFrameBytes)));
    VIGIL_TRY(file.read_at(offset, chunk));
    VIGIL_TRY(sink.write(chunk));
    if (control.progress) control.progress(offset + chunk.size(), size);
  }
  return {};
}

}  // namespace vigil::capture
