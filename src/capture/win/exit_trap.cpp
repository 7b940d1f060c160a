// SPDX-License-Identifier: Apache-2.0
#include "capture/win/exit_trap.h"

#include <tlhelp32.h>

#include <algorithm>

namespace vigil::capture {
namespace {

constexpr std::byte kInt3{0xcc};
constexpr DWORD kTrapFlag = 0x100;
constexpr std::uint64_t kCurrentProcess = ~std::uint64_t{0};

const char* name_of(ExitTrapCall call) {
  switch (call) {
    case ExitTrapCall::RtlExitUserProcess: return "RtlExitUserProcess";
    case ExitTrapCall::NtTerminateProcess: return "NtTerminateProcess";
  }
  return "";
}

platform::KernelHandle open_thread(ThreadId thread) {
  return platform::KernelHandle(::OpenThread(
      THREAD_GET_CONTEXT | THREAD_SET_CONTEXT | THREAD_SUSPEND_RESUME, FALSE, thread.value));
}

/// All threads of the process but one, suspended. They run again when thawed.
std::vector<platform::KernelHandle> freeze_others(ProcessId pid, ThreadId but) {
  std::vector<platform::KernelHandle> frozen;
  const platform::FileHandle snapshot(::CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0));
  THREADENTRY32 entry{};
  entry.dwSize = sizeof(entry);
  if (!snapshot) return frozen;
  for (BOOL more = ::Thread32First(snapshot.get(), &entry); more != FALSE;
       more = ::Thread32Next(snapshot.get(), &entry)) {
    if (entry.th32OwnerProcessID != pid.value || entry.th32ThreadID == but.value) continue;
    auto thread = open_thread({entry.th32ThreadID});
    if (thread && ::SuspendThread(thread.get()) != static_cast<DWORD>(-1))
      frozen.push_back(std::move(thread));
  }
  return frozen;
}

}  // namespace

bool ExitTrap::write_byte(std::uint64_t address, std::byte value) const {
  auto* target = reinterpret_cast<void*>(static_cast<std::uintptr_t>(address));
  SIZE_T written = 0;
  if (::WriteProcessMemory(process_.handle(), target, &value, 1, &written) == FALSE || written != 1)
    return false;
  ::FlushInstructionCache(process_.handle(), target, 1);
  return true;
}

bool ExitTrap::place(Breakpoint& breakpoint) {
  if (breakpoint.armed) return true;
  if (!breakpoint.placed) {
    // ntdll lies at the same address in every process of one boot. The byte there is compared all
    // the same: a hook or another debugger's breakpoint is not ours to replace.
    const auto own = ::GetProcAddress(::GetModuleHandleW(L"ntdll.dll"), name_of(breakpoint.call));
    if (own == nullptr) return false;
    breakpoint.address = reinterpret_cast<std::uintptr_t>(own);
    LiveMemory memory(process_.handle());
    const auto found = memory.read_value<std::byte>(breakpoint.address);
    if (!found || *found == kInt3) return false;
    breakpoint.original = *found;
    shown_.set(breakpoint.address, breakpoint.original);
  }
  breakpoint.armed = write_byte(breakpoint.address, kInt3);
  breakpoint.placed = breakpoint.placed || breakpoint.armed;
  return breakpoint.armed;
}

bool ExitTrap::arm() {
  wanted_ = true;
  bool any = false;
  for (auto& breakpoint : breakpoints_) any = place(breakpoint) || any;
  return any;
}

void ExitTrap::disarm() {
  wanted_ = false;
  for (auto& breakpoint : breakpoints_) {
    if (breakpoint.armed && write_byte(breakpoint.address, breakpoint.original))
      breakpoint.armed = false;
  }
}

bool ExitTrap::is_own_process(std::uint64_t handle) const {
  if (handle == 0 || handle == kCurrentProcess) return true;
  platform::KernelHandle copy;
  const auto value = reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(handle));
  if (::DuplicateHandle(process_.handle(), value, ::GetCurrentProcess(), copy.put(),
                        PROCESS_QUERY_LIMITED_INFORMATION, FALSE, 0) == FALSE) {
    return false;
  }
  return ::GetProcessId(copy.get()) == process_.pid().value;
}

ExitTrap::Hit ExitTrap::on_breakpoint(ThreadId thread, std::uint64_t address) {
  const auto found = std::ranges::find_if(
      breakpoints_, [&](const Breakpoint& b) { return b.placed && b.address == address; });
  if (found == breakpoints_.end()) return {};
  Hit hit{.ours = true};
  const auto handle = open_thread(thread);
  CONTEXT context{};
  context.ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER;
  if (!handle || ::GetThreadContext(handle.get(), &context) == FALSE) return hit;
  context.Rip = address;
  ::SetThreadContext(handle.get(), &context);
  if (!wanted_) return hit;  // It ran into the breakpoint before that was taken out.
  const bool exits = found->call == ExitTrapCall::RtlExitUserProcess;
  if (exits || is_own_process(context.Rcx)) {
    hit.self_end =
        SelfEnd{.call = found->call,
                .exit_code = static_cast<std::uint32_t>(exits ? context.Rcx : context.Rdx)};
  } else if (!stepping_) {
    step_over(thread, handle.get(), context);
  }
  return hit;  // While another thread steps, this one stands before the call and runs into it
               // again.
}

void ExitTrap::step_over(ThreadId thread, HANDLE handle, CONTEXT& context) {
  frozen_ = freeze_others(process_.pid(), thread);
  for (auto& breakpoint : breakpoints_) {
    if (breakpoint.address == context.Rip && write_byte(breakpoint.address, breakpoint.original))
      breakpoint.armed = false;
  }
  context.EFlags |= kTrapFlag;
  if (::SetThreadContext(handle, &context) != FALSE) {
    stepping_ = thread;
  } else {
    end_step();
  }
}

bool ExitTrap::on_single_step(ThreadId thread) {
  if (stepping_ != thread) return false;
  end_step();
  return true;
}

void ExitTrap::on_thread_exit(ThreadId thread) {
  if (stepping_ == thread) end_step();
}

void ExitTrap::end_step() {
  stepping_.reset();
  if (wanted_) (void)arm();  // What cannot be armed again stays out: the process goes on untrapped.
  for (const auto& thread : frozen_) ::ResumeThread(thread.get());
  frozen_.clear();
}

}  // namespace vigil::capture
