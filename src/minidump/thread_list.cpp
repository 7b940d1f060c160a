// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>

#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

using snapshot::Thread;

/// Server processes have thousands of threads; a 64-bit Windows process runs out of memory before
/// this.
constexpr std::uint64_t kMaxThreads = 65'536;

/// The default reserve of a stack: how far a stack that nobody describes is believed to reach.
constexpr std::uint64_t kGuessedStackBytes = std::uint64_t{1} << 20;

constexpr std::uint64_t kFiletimeTicksPerMicrosecond = 10;

std::string thread_name(std::uint32_t id) {
  return fmt::format("thread {:#x}", id);
}

Microseconds microseconds_of(std::uint64_t filetime_ticks) {
  return Microseconds(static_cast<std::int64_t>(filetime_ticks / kFiletimeTicksPerMicrosecond));
}

Thread read_thread(Reader& reader, const format::Thread& raw) {
  Thread thread;
  thread.id = ThreadId{raw.thread_id};
  thread.teb = reader.address(raw.teb);
  thread.stack = {reader.address(raw.stack.start_of_memory_range), raw.stack.memory.data_size};
  thread.suspend_count = raw.suspend_count;
  thread.priority = raw.priority;
  thread.context = read_context(reader, raw.thread_context, thread_name(raw.thread_id));
  return thread;
}

/// Threads by id; of two with one id, the first.
std::unordered_map<std::uint32_t, Thread*> index_by_id(std::vector<Thread>& threads) {
  std::unordered_map<std::uint32_t, Thread*> index;
  index.reserve(threads.size());
  for (auto& thread : threads) index.try_emplace(thread.id.value, &thread);
  return index;
}

void join_info(Reader& reader, const format::ThreadInfo& raw, Thread& thread) {
  if ((raw.dump_flags & format::kThreadInvalidContext) != 0) {
    thread.context = {};
    reader.note(
        fmt::format("{}: context: its writer marked it as not valid", thread_name(raw.thread_id)));
  }
  if ((raw.dump_flags & format::kThreadInvalidInfo) != 0) return;
  thread.start_address = reader.address(raw.start_address);
  if (raw.create_time != 0) thread.create_time = timestamp_from_filetime(raw.create_time);
  thread.user_time = microseconds_of(raw.user_time);
  thread.kernel_time = microseconds_of(raw.kernel_time);
  thread.affinity = raw.affinity;
  if ((raw.dump_flags & format::kThreadExited) == 0) return;
  thread.exit_status = raw.exit_status;
  if (raw.exit_time != 0) thread.exit_time = timestamp_from_filetime(raw.exit_time);
}

}  // namespace

Status read_thread_list(Reader& reader,
                        ByteView stream,
                        std::vector<Thread>& threads,
                        MemoryRanges& memory) {
  VIGIL_TRY_ASSIGN(const auto list,
                   counted_list<format::Thread>(reader, "thread list", stream, kMaxThreads));
  threads.reserve(static_cast<std::size_t>(list.size()));
  for (std::uint64_t i = 0; i < list.size(); ++i) {
    const auto raw = list[i];
    threads.push_back(read_thread(reader, raw));
    // In a full dump the stack has no place of its own: it is in the Memory64List like the rest.
    if (raw.stack.memory.rva == 0) continue;
    const auto& stack = threads.back().stack;
    memory.add(reader, {stack.base, stack.size, raw.stack.memory.rva});
  }
  return {};
}

Status read_thread_names(Reader& reader, ByteView stream, std::vector<Thread>& threads) {
  VIGIL_TRY_ASSIGN(const auto list,
                   counted_list<format::ThreadName>(reader, "thread names", stream, kMaxThreads));
  const auto by_id = index_by_id(threads);
  for (std::uint64_t i = 0; i < list.size(); ++i) {
    const auto raw = list[i];
    const auto thread = by_id.find(raw.thread_id);
    if (thread == by_id.end()) continue;
    thread->second->name =
        reader.name_at(raw.rva_of_thread_name, [&raw] { return thread_name(raw.thread_id); });
  }
  return {};
}

Status read_thread_info(Reader& reader, ByteView stream, snapshot::Snapshot& snapshot) {
  VIGIL_TRY_ASSIGN(const auto list, (sized_list<format::ThreadInfo, std::uint32_t>(
                                        reader, "thread information", stream, kMaxThreads)));
  const auto by_id = index_by_id(snapshot.threads);
  for (std::uint64_t i = 0; i < list.size(); ++i) {
    const auto raw = list[i];
    if ((raw.dump_flags & format::kThreadWritingThread) != 0)
      snapshot.dump_thread = ThreadId{raw.thread_id};
    const auto thread = by_id.find(raw.thread_id);
    if (thread != by_id.end()) join_info(reader, raw, *thread->second);
  }
  return {};
}

void settle_stacks(Reader& reader, DumpMemory& memory, std::vector<Thread>& threads) {
  std::uint64_t lost = 0;
  for (auto& thread : threads) {
    const auto claimed = thread.stack.size;
    thread.stack.size = memory.extent(thread.stack.base, claimed);
    if (thread.stack.size != 0) continue;
    const auto stack_pointer = snapshot::stack_pointer(thread.context);
    const auto found = stack_pointer ? memory.extent(*stack_pointer, kGuessedStackBytes) : 0;
    thread.stack = {found == 0 ? 0 : *stack_pointer, found};
    if (found == 0 && claimed != 0) ++lost;
  }
  if (lost != 0)
    reader.note(fmt::format("thread list: the stacks of {} threads are not captured", lost));
}

}  // namespace vigil::minidump
