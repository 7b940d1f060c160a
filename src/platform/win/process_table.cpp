// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <span>

#include <windows.h>

#include <winternl.h>

#include "base/byte_view.h"
#include "base/utf.h"
#include "platform/win/processes.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

/// The head of one record of SystemProcessInformation, as documented by ntexapi; the rest of the
/// record (counters, threads) is not read. Pointers are into the buffer that the call filled.
struct Record {
  ULONG next_offset;
  ULONG thread_count;
  LARGE_INTEGER reserved[3];
  LARGE_INTEGER create_time;
  LARGE_INTEGER user_time;
  LARGE_INTEGER kernel_time;
  UNICODE_STRING image_name;
  LONG base_priority;
  HANDLE process_id;
};
static_assert(sizeof(void*) == 8, "offsets are those of 64-bit Windows");
static_assert(offsetof(Record, create_time) == 0x20);
static_assert(offsetof(Record, image_name) == 0x38);
static_assert(offsetof(Record, process_id) == 0x50);

constexpr auto kSystemProcessInformation = static_cast<SYSTEM_INFORMATION_CLASS>(5);
constexpr NTSTATUS kInfoLengthMismatch = static_cast<NTSTATUS>(0xc0000004);
/// The end of the year 9999. Wine 8 shows a process that it is still creating with a creation time
/// that nobody has written yet (0x5555555555555555): it is looked at again when it has one.
constexpr std::int64_t kLastFiletime = 2'650'467'744'000'000'000;
constexpr ULONG kFirstBufferBytes = 256 * 1024;
/// Enough for some 100,000 processes; a system that wants more is not believed.
constexpr ULONG kMaxBufferBytes = 256 * 1024 * 1024;

/// The system fills the buffer, so it is not hostile; but a record is still read only from inside
/// it.
Result<std::vector<ProcessRow>> rows_from(std::span<const std::byte> buffer) {
  std::vector<ProcessRow> rows;
  const ByteView view(buffer);
  const auto* start = buffer.data();
  std::uint64_t offset = 0;
  for (;;) {
    VIGIL_TRY_ASSIGN(const auto record, view.read<Record>(offset));
    const auto pid = static_cast<std::uint32_t>(reinterpret_cast<ULONG_PTR>(record.process_id));
    const auto created = record.create_time.QuadPart;
    if (pid != 0 && created >= 0 && created < kLastFiletime) {
      ProcessRow row{{ProcessId{pid}, timestamp_from_filetime(static_cast<std::uint64_t>(created))},
                     {}};
      const auto* name = reinterpret_cast<const std::byte*>(record.image_name.Buffer);
      if (name >= start && name < start + buffer.size()) {
        const auto text =
            view.clamp(static_cast<std::uint64_t>(name - start), record.image_name.Length);
        row.name = utf8_from_utf16_bytes(text).text;
      }
      rows.push_back(std::move(row));
    }
    if (record.next_offset == 0) return rows;
    offset += record.next_offset;
  }
}

}  // namespace

Result<std::vector<ProcessRow>> ProcessTable::read() {
  if (buffer_.empty()) buffer_.resize(kFirstBufferBytes);
  for (;;) {
    ULONG needed = 0;
    const NTSTATUS status = ::NtQuerySystemInformation(kSystemProcessInformation, buffer_.data(),
                                                       static_cast<ULONG>(buffer_.size()), &needed);
    if (status >= 0) return rows_from(buffer_);
    if (status != kInfoLengthMismatch || buffer_.size() >= kMaxBufferBytes) {
      return from_ntstatus(status, "cannot read the process table");
    }
    // Processes may start between two calls: half as much again.
    const auto wanted = needed > buffer_.size() ? needed : buffer_.size();
    buffer_.resize(wanted + wanted / 2);
  }
}

}  // namespace vigil::platform
