// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "capture/win/collect.h"

namespace vigil::capture {
namespace {

constexpr std::size_t kMaxThreads = 100'000;
constexpr std::size_t kMaxSystemTableBytes = 64 << 20;
constexpr std::uint32_t kInvalidContext = 0x10;  // MINIDUMP_THREAD_INFO_INVALID_CONTEXT

/// SYSTEM_PROCESS_INFORMATION and SYSTEM_THREAD_INFORMATION of 64-bit Windows.
struct ThreadEntry {
  std::uint64_t kernel_time;
  std::uint64_t user_time;
  std::uint64_t create_time;
  std::uint64_t wait_time;
  std::uint64_t start_address;
  std::uint64_t pid;
  std::uint64_t tid;
  std::int32_t priority;
  std::int32_t base_priority;
  std::array<std::uint32_t, 4> rest;
};
static_assert(sizeof(ThreadEntry) == 0x50);
constexpr std::uint64_t kThreadCountOffset = 4;
constexpr std::uint64_t kProcessIdOffset = 0x50;
constexpr std::uint64_t kProcessEntryBytes = 0x100;

/// The threads of \p pid in the system's table of processes.
std::vector<ThreadEntry> threads_of(ByteView table, ProcessId pid) {
  std::uint64_t offset = 0;
  while (true) {
    const auto next = table.read<std::uint32_t>(offset);
    const auto count = table.read<std::uint32_t>(offset + kThreadCountOffset);
    const auto id = table.read<std::uint64_t>(offset + kProcessIdOffset);
    if (!next.ok() || !count.ok() || !id.ok()) return {};
    if (id.value() == pid.value && count.value() <= kMaxThreads) {
      std::vector<ThreadEntry> threads;
      const auto entries =
          table.read_array<ThreadEntry>(offset + kProcessEntryBytes, count.value());
      for (std::uint64_t i = 0; entries.ok() && i < entries.value().size(); ++i)
        threads.push_back(entries.value()[i]);
      return threads;
    }
    if (next.value() == 0) return {};
    offset += next.value();
  }
}

std::uint64_t teb_of(const Nt& nt, HANDLE thread) {
  struct BasicInformation {
    LONG exit_status;
    LONG padding;
    std::uint64_t teb;
    std::array<std::uint64_t, 4> rest;
  } basic{};
  if (nt.query_thread(thread, kThreadBasicInformation, &basic, sizeof(basic), nullptr) < 0)
    return 0;
  return basic.teb;
}

std::u16string name_of(const Nt& nt, HANDLE thread) {
  PWSTR text = nullptr;
  if (nt.get_thread_description == nullptr || FAILED(nt.get_thread_description(thread, &text)) ||
      text == nullptr) {
    return {};
  }
  const std::wstring_view view(text);
  std::u16string name(view.begin(), view.end());
  ::LocalFree(text);
  return name;
}

std::uint64_t value_of(const FILETIME& time) {
  return (std::uint64_t{time.dwHighDateTime} << 32) | time.dwLowDateTime;
}

void read_times(HANDLE thread, ThreadRecord& record) {
  FILETIME created{};
  FILETIME ended{};
  FILETIME kernel{};
  FILETIME user{};
  if (::GetThreadTimes(thread, &created, &ended, &kernel, &user) == FALSE) return;
  record.create_time = value_of(created);
  record.kernel_time = value_of(kernel);
  record.user_time = value_of(user);
}

StackFacts stack_of(TargetMemory& memory, const ThreadRecord& record) {
  struct Bounds {
    std::uint64_t base;
    std::uint64_t limit;
  };
  constexpr std::uint64_t kTebStackBounds = 8;
  const auto registers = stack_registers(record.context);
  StackFacts facts{.stack_pointer = registers.stack_pointer,
                   .instruction = registers.instruction,
                   .teb = record.teb};
  if (record.teb == 0) return facts;
  if (const auto bounds = memory.read_value<Bounds>(record.teb + kTebStackBounds)) {
    facts.base = bounds->base;
    facts.limit = bounds->limit;
  }
  return facts;
}

}  // namespace

std::vector<std::byte> query_system(const Nt& nt, ULONG what, std::size_t limit) {
  constexpr std::size_t kFirstGuess = 1 << 20;
  for (std::size_t size = kFirstGuess; size <= limit; size *= 2) {
    std::vector<std::byte> buffer(size);
    ULONG returned = 0;
    const auto status = nt.query_system(what, buffer.data(), static_cast<ULONG>(size), &returned);
    if (status == Nt::kInfoLengthMismatch) continue;
    if (status < 0) return {};
    if (returned != 0 && returned < size) buffer.resize(returned);
    return buffer;
  }
  return {};
}

std::uint64_t start_address_of(const Nt& nt, HANDLE thread) {
  std::uint64_t address = 0;
  if (nt.query_thread(thread, kThreadStartAddress, &address, sizeof(address), nullptr) < 0)
    return 0;
  return address;
}

ContextBytes read_context(HANDLE thread) {
  CONTEXT context{};
  context.ContextFlags = CONTEXT_ALL;
  if (::GetThreadContext(thread, &context) == FALSE) return {};
  ContextBytes bytes(sizeof(context));
  std::memcpy(bytes.data(), &context, sizeof(context));
  return bytes;
}

std::vector<std::uint64_t> general_registers(const ContextBytes& bytes) {
  if (bytes.size() < sizeof(CONTEXT)) return {};
  CONTEXT c{};
  std::memcpy(&c, bytes.data(), sizeof(c));
  return {c.Rax, c.Rcx, c.Rdx, c.Rbx, c.Rsp, c.Rbp, c.Rsi, c.Rdi,
          c.R8,  c.R9,  c.R10, c.R11, c.R12, c.R13, c.R14, c.R15};
}

StackRegisters stack_registers(const ContextBytes& bytes) {
  if (bytes.size() < sizeof(CONTEXT)) return {};
  CONTEXT c{};
  std::memcpy(&c, bytes.data(), sizeof(c));
  return {.instruction = c.Rip, .stack_pointer = c.Rsp};
}

CollectedThreads collect_threads(const Nt& nt,
                                 const TargetProcess& process,
                                 TargetMemory& memory,
                                 Diagnostics& diagnostics) {
  CollectedThreads result;
  const auto table = query_system(nt, kSystemProcessInformation, kMaxSystemTableBytes);
  const auto entries = threads_of(ByteView(std::span(table)), process.pid());
  if (entries.empty()) diagnostics.note("threads: the system does not list them");
  for (const auto& entry : entries) {
    ThreadRecord record{.id = {static_cast<std::uint32_t>(entry.tid)},
                        .priority = static_cast<std::uint32_t>(entry.priority)};
    const platform::KernelHandle thread(
        ::OpenThread(THREAD_GET_CONTEXT | THREAD_QUERY_INFORMATION, FALSE, record.id.value));
    if (thread) {
      record.context = read_context(thread.get());
      record.teb = teb_of(nt, thread.get());
      record.start_address = start_address_of(nt, thread.get());
      record.name = name_of(nt, thread.get());
      read_times(thread.get(), record);
    }
    if (record.context.empty()) {
      record.info_flags = kInvalidContext;
      diagnostics.note(fmt::format("thread {}: its registers cannot be read", record.id.value));
    }
    result.stacks.push_back(stack_of(memory, record));
    result.records.push_back(std::move(record));
  }
  return result;
}

}  // namespace vigil::capture
