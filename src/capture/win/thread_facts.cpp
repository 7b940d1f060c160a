// SPDX-License-Identifier: Apache-2.0
#include "capture/win/thread_facts.h"

#include <psapi.h>
#include <tlhelp32.h>

#include <string_view>

#include "capture/win/collect.h"
#include "platform/win/device_path.h"
#include "platform/win/handle.h"
#include "platform/win/text.h"

namespace vigil::capture {
namespace {

constexpr std::size_t kMaxPathUnits = 32 * 1024;

std::uint64_t address_in_ntdll(const char* name) {
  // It lies at the same address in every process of one boot.
  return reinterpret_cast<std::uintptr_t>(::GetProcAddress(::GetModuleHandleW(L"ntdll.dll"), name));
}

/// Whether somebody has told the system to end the whole process. Windows ends its threads one by
/// one then, and has marked the process before.
bool is_marked(const Nt& nt, const TargetProcess& process) {
  /// PROCESS_EXTENDED_BASIC_INFORMATION, of which not every system gives the end.
  struct Extended {
    std::uint64_t size;
    std::uint64_t basic[6];
    std::uint32_t flags;
    std::uint32_t padding;
  } extended{.size = sizeof(Extended), .basic = {}, .flags = 0, .padding = 0};
  static_assert(sizeof(Extended) == 64);
  constexpr std::uint32_t kIsProcessDeleting = 4;
  return nt.query_process(process.handle(), kProcessBasicInformation, &extended, sizeof(extended),
                          nullptr) >= 0 &&
         (extended.flags & kIsProcessDeleting) != 0;
}

/// A program that exits ends its other threads first, by a call of the same name: until they are
/// gone the thread that made it stands behind its system call.
bool stands_in_the_call(ThreadId id, std::uint64_t call) {
  constexpr std::uint64_t kStubBytes = 0x20;
  const platform::KernelHandle thread(::OpenThread(THREAD_GET_CONTEXT, FALSE, id.value));
  if (!thread) return false;
  const auto at = stack_registers(read_context(thread.get())).instruction;
  return at >= call && at - call < kStubBytes;
}

bool any_stands_in_the_call(ProcessId pid) {
  const auto call = address_in_ntdll("NtTerminateProcess");
  const platform::FileHandle snapshot(::CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0));
  if (call == 0 || !snapshot) return false;
  THREADENTRY32 entry{};
  entry.dwSize = sizeof(entry);
  for (BOOL more = ::Thread32First(snapshot.get(), &entry); more != FALSE;
       more = ::Thread32Next(snapshot.get(), &entry)) {
    if (entry.th32OwnerProcessID == pid.value && stands_in_the_call({entry.th32ThreadID}, call))
      return true;
  }
  return false;
}

}  // namespace

std::optional<std::uint64_t> start_of(const Nt& nt, ThreadId thread) {
  const platform::KernelHandle handle(::OpenThread(THREAD_QUERY_INFORMATION, FALSE, thread.value));
  const auto start = handle ? start_address_of(nt, handle.get()) : 0;
  return start == 0 ? std::nullopt : std::optional(start);
}

bool is_break_in(std::uint64_t start) noexcept {
  return start != 0 && start == address_in_ntdll("DbgUiRemoteBreakin");
}

std::string mapped_file_at(const TargetProcess& process, std::uint64_t address) {
  std::wstring wide(kMaxPathUnits, L'\0');
  const auto length = ::GetMappedFileNameW(
      process.handle(), reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), wide.data(),
      static_cast<DWORD>(wide.size()));
  wide.resize(length);
  const auto path = platform::utf8_from_wide(wide);
  constexpr std::string_view kPrefix = "\\??\\";  // Wine gives the path of the drive itself.
  if (path.starts_with(kPrefix)) return path.substr(kPrefix.size());
  auto on_drive = platform::dos_path_of(path);
  return on_drive.empty() ? path : on_drive;
}

bool is_ending(const Nt& nt, const TargetProcess& process) {
  return ::WaitForSingleObject(process.handle(), 0) == WAIT_OBJECT_0 || is_marked(nt, process) ||
         any_stands_in_the_call(process.pid());
}

}  // namespace vigil::capture
