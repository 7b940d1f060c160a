// SPDX-License-Identifier: Apache-2.0
#include "platform/win/process_table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <windows.h>

#include <winternl.h>

#include "base/utf.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

/// One record of SystemProcessInformation on 64-bit Windows, as ntexapi has it; its threads lie
/// behind it. Pointers are into the buffer that the call filled, and numbers to us.
struct Record {
  std::uint32_t next_offset;
  std::uint32_t thread_count;
  std::uint64_t working_set_private;
  std::uint32_t hard_faults, threads_high_watermark;
  std::uint64_t cycle_time;
  std::int64_t create_time;
  std::int64_t user_time, kernel_time;
  std::uint16_t name_length, name_max_length;
  std::uint32_t padding;
  std::uint64_t name;
  std::uint32_t base_priority, padding2;
  std::uint64_t process_id, parent_id;
  std::uint32_t handle_count, session_id;
  std::uint64_t unique_key;
  std::uint64_t peak_virtual_size, virtual_size;
  std::uint32_t page_faults, padding3;
  std::uint64_t peak_working_set, working_set;
  std::uint64_t quota_peak_paged, quota_paged, quota_peak_nonpaged, quota_nonpaged;
  std::uint64_t pagefile_usage, peak_pagefile_usage;
  std::uint64_t private_bytes;
  std::uint64_t read_count, write_count, other_count;
  std::uint64_t read_bytes, written_bytes, other_bytes;
};
static_assert(offsetof(Record, create_time) == 0x20);
static_assert(offsetof(Record, name) == 0x40);
static_assert(offsetof(Record, process_id) == 0x50);
static_assert(offsetof(Record, handle_count) == 0x60);
static_assert(offsetof(Record, working_set) == 0x90);
static_assert(offsetof(Record, private_bytes) == 0xc8);
static_assert(sizeof(Record) == 0x100);
static_assert(sizeof(void*) == 8, "offsets are those of 64-bit Windows");

/// One thread of a record (SYSTEM_THREAD_INFORMATION).
struct ThreadRecord {
  std::int64_t kernel_time, user_time, create_time;
  std::uint32_t wait_time, padding;
  std::uint64_t start_address;
  std::uint64_t process_id, thread_id;
  std::uint32_t priority, base_priority, context_switches, state, wait_reason, padding2;
};
static_assert(offsetof(ThreadRecord, thread_id) == 0x30);
static_assert(sizeof(ThreadRecord) == 0x50);

constexpr auto kSystemProcessInformation = static_cast<SYSTEM_INFORMATION_CLASS>(5);
constexpr NTSTATUS kInfoLengthMismatch = static_cast<NTSTATUS>(0xc0000004);
/// The end of the year 9999. Wine 8 shows a process that it is still creating with a creation time
/// that nobody has written yet (0x5555555555555555): it is looked at again when it has one.
constexpr std::int64_t kLastFiletime = 2'650'467'744'000'000'000;
constexpr std::size_t kFirstBufferBytes = 256 * 1024;
/// Enough for some 100,000 processes; a system that wants more is not believed.
constexpr std::size_t kMaxBufferBytes = 256 * 1024 * 1024;

/// Of the system's units of 100 ns.
Microseconds time_of(std::int64_t user, std::int64_t kernel) {
  constexpr std::int64_t kPerMicrosecond = 10;
  return Microseconds(user / kPerMicrosecond + kernel / kPerMicrosecond);
}

/// The system fills the buffer, so it is not hostile; but a record is still read only from inside
/// it. Calls \p use with each record and its offset until it answers false.
template <class Use>
Status for_each_record(ByteView view, const Use& use) {
  std::uint64_t offset = 0;
  for (;;) {
    VIGIL_TRY_ASSIGN(const auto record, view.read<Record>(offset));
    if (!use(record, offset) || record.next_offset == 0) return {};
    offset += record.next_offset;
  }
}

bool is_whole(const Record& record) {
  return record.process_id != 0 && record.create_time >= 0 && record.create_time < kLastFiletime;
}

ProcessKey key_of(const Record& record) {
  return {ProcessId{static_cast<std::uint32_t>(record.process_id)},
          timestamp_from_filetime(static_cast<std::uint64_t>(record.create_time))};
}

ProcessRow row_of(const Record& record, ByteView view, const std::byte* start) {
  ProcessRow row{.key = key_of(record)};
  const auto first = reinterpret_cast<std::uint64_t>(start);
  if (record.name >= first && record.name - first < view.size())
    row.name_utf16 = view.clamp(record.name - first, record.name_length);
  row.cpu = time_of(record.user_time, record.kernel_time);
  // Wine 8 does not count private bytes.
  row.private_bytes = record.private_bytes != 0 ? record.private_bytes : record.pagefile_usage;
  row.working_set = record.working_set;
  row.io_bytes = record.read_bytes + record.written_bytes + record.other_bytes;
  row.handles = record.handle_count;
  row.threads = record.thread_count;
  row.session = record.session_id;
  return row;
}

/// Of the threads of the record at \p offset.
std::uint64_t switches_of(ByteView view, const Record& record, std::uint64_t offset) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < record.thread_count; ++i) {
    const auto thread = view.read<ThreadRecord>(offset + sizeof(Record) + i * sizeof(ThreadRecord));
    if (!thread.ok()) return sum;
    sum += thread->context_switches;
  }
  return sum;
}

/// The threads of \p process in the table that \p view has, by thread id.
std::vector<BusyThread> threads_of(ByteView view, const ProcessKey& process) {
  std::vector<BusyThread> threads;
  const auto collect = [&](const Record& record, std::uint64_t offset) {
    if (!is_whole(record) || key_of(record) != process) return true;
    for (std::uint64_t i = 0; i < record.thread_count; ++i) {
      const auto thread =
          view.read<ThreadRecord>(offset + sizeof(Record) + i * sizeof(ThreadRecord));
      if (!thread.ok()) return false;
      const auto cpu = time_of(thread->user_time, thread->kernel_time);
      threads.push_back(
          {static_cast<std::uint32_t>(thread->thread_id), cpu, cpu, thread->start_address});
    }
    return false;
  };
  // A table that cannot be read to its end has none of it.
  if (!for_each_record(view, collect).ok()) threads.clear();
  std::ranges::sort(threads, {}, &BusyThread::id);
  return threads;
}

}  // namespace

std::string ProcessRow::name() const {
  return utf8_from_utf16_bytes(name_utf16).text;
}

Status ProcessTable::fill() {
  if (buffer_.empty()) buffer_.resize(kFirstBufferBytes);
  for (;;) {
    ULONG needed = 0;
    const NTSTATUS status = ::NtQuerySystemInformation(kSystemProcessInformation, buffer_.data(),
                                                       static_cast<ULONG>(buffer_.size()), &needed);
    if (status >= 0) return {};
    if (status != kInfoLengthMismatch || buffer_.size() >= kMaxBufferBytes) {
      return from_ntstatus(status, "cannot read the process table");
    }
    // Processes may start between two calls: half as much again.
    const auto wanted = std::max<std::size_t>(needed, buffer_.size());
    buffer_.resize(wanted + wanted / 2);
  }
}

Result<std::span<const ProcessRow>> ProcessTable::read(Switches switches) {
  std::swap(buffer_, before_);
  rows_.clear();
  VIGIL_TRY(fill());
  const ByteView view(buffer_);
  VIGIL_TRY(for_each_record(view, [&](const Record& record, std::uint64_t offset) {
    if (!is_whole(record)) return true;
    rows_.push_back(row_of(record, view, buffer_.data()));
    if (switches == Switches::Count)
      rows_.back().context_switches = switches_of(view, record, offset);
    return true;
  }));
  return std::span<const ProcessRow>(rows_);
}

std::vector<std::uint32_t> ProcessTable::thread_ids(const ProcessKey& process) const {
  std::vector<std::uint32_t> ids;
  for (const auto& thread : threads_of(ByteView(buffer_), process)) ids.push_back(thread.id);
  return ids;
}

std::vector<BusyThread> ProcessTable::busiest_threads(const ProcessKey& process,
                                                      std::size_t count) const {
  auto threads = threads_of(ByteView(buffer_), process);
  for (const auto& before : threads_of(ByteView(before_), process)) {
    const auto same = std::ranges::lower_bound(threads, before.id, {}, &BusyThread::id);
    if (same != threads.end() && same->id == before.id) same->cpu -= before.cpu_total;
  }
  std::erase_if(threads, [](const BusyThread& thread) { return thread.cpu <= Microseconds(0); });
  std::ranges::sort(threads, std::ranges::greater{}, &BusyThread::cpu);
  if (threads.size() > count) threads.resize(count);
  return threads;
}

}  // namespace vigil::platform
