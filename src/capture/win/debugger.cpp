// SPDX-License-Identifier: Apache-2.0
#include "capture/win/debugger.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "base/utf.h"
#include "capture/exception_text.h"
#include "capture/win/collect.h"
#include "capture/win/thread_facts.h"
#include "platform/win/win_error.h"

namespace vigil::capture {
namespace {

/// Raised to tell a debugger something, by programs that are well: a thread's name, a line of text.
constexpr std::array<DWORD, 3> kChatter = {0x406d'1388, 0x4001'0006, 0x4001'000a};

/// After the breakpoints are out: how long to wait for threads that had just run into one.
constexpr DWORD kDrainMs = 50;
constexpr std::size_t kMaxPathUnits = 32 * 1024;

class Debugger {
 public:
  Debugger(const TargetProcess& process,
           const Nt& nt,
           PatchedMemory& shown,
           bool exit_trap,
           DebugObserver& observer)
      : process_(process),
        nt_(nt),
        observer_(observer),
        trap_(process, shown),
        use_trap_(exit_trap) {
    attach_breakpoint_ = reinterpret_cast<std::uintptr_t>(
        ::GetProcAddress(::GetModuleHandleW(L"ntdll.dll"), "DbgBreakPoint"));
  }

  Result<DebugEnd> run() {
    if (::DebugActiveProcess(process_.pid().value) == FALSE) {
      return platform::from_last_error(
          fmt::format("process {}: cannot attach to it", process_.pid().value));
    }
    if (::DebugSetProcessKillOnExit(FALSE) == FALSE) {
      return platform::from_last_error(
          fmt::format("process {}: cannot be kept alive without us", process_.pid().value));
    }
    while (true) {
      if (!pump(kPollMs)) {
        if (::GetLastError() != ERROR_SEM_TIMEOUT) {
          auto error = platform::from_last_error(
              fmt::format("process {}: cannot wait for its events", process_.pid().value));
          trap_.disarm();
          return error;
        }
        attached();  // A process that is stuck never reports the breakpoint of attaching.
      }
      if (exit_code_) return DebugEnd{.exit_code = exit_code_};
      if (observer_.should_detach()) return detach();
    }
  }

 private:
  DWORD handle(const DEBUG_EVENT& event) {
    switch (event.dwDebugEventCode) {
      case CREATE_PROCESS_DEBUG_EVENT:
        ::CloseHandle(event.u.CreateProcessInfo.hFile);
        if (use_trap_)
          (void)trap_.arm();  // Code that cannot be written to: the exit is seen, undumped.
        return DBG_CONTINUE;
      case LOAD_DLL_DEBUG_EVENT:
        on_module({event.dwThreadId}, event.u.LoadDll);
        return DBG_CONTINUE;
      case OUTPUT_DEBUG_STRING_EVENT:
        on_text({event.dwThreadId}, event.u.DebugString);
        return DBG_CONTINUE;
      case CREATE_THREAD_DEBUG_EVENT:
        on_thread_start({event.dwThreadId}, event.u.CreateThread);
        return DBG_CONTINUE;
      case EXIT_THREAD_DEBUG_EVENT:
        trap_.on_thread_exit({event.dwThreadId});
        on_thread_end({event.dwThreadId}, event.u.ExitThread.dwExitCode);
        return DBG_CONTINUE;
      case EXIT_PROCESS_DEBUG_EVENT:
        exit_code_ = event.u.ExitProcess.dwExitCode;
        return DBG_CONTINUE;
      case EXCEPTION_DEBUG_EVENT: return on_exception({event.dwThreadId}, event.u.Exception);
      default: return DBG_CONTINUE;
    }
  }

  DWORD on_exception(ThreadId thread, const EXCEPTION_DEBUG_INFO& info) {
    const auto& record = info.ExceptionRecord;
    const auto address = reinterpret_cast<std::uintptr_t>(record.ExceptionAddress);
    if (info.dwFirstChance == 0) {
      attached();
      ends_ = true;
      Death death{.exception = content_of(thread, record)};
      death.exception.context = context_of(thread);
      die(death);
      return DBG_EXCEPTION_NOT_HANDLED;
    }
    if (record.ExceptionCode == EXCEPTION_BREAKPOINT) {
      if (!seen_attach_breakpoint_ && address == attach_breakpoint_) {
        seen_attach_breakpoint_ = true;
        break_in_ = thread;
        attached();
        return DBG_CONTINUE;
      }
      const auto hit = trap_.on_breakpoint(thread, address);
      if (hit.self_end) on_self_end(thread, address, *hit.self_end);
      if (hit.ours) return DBG_CONTINUE;
    }
    if (record.ExceptionCode == EXCEPTION_SINGLE_STEP && trap_.on_single_step(thread))
      return DBG_CONTINUE;
    if (std::ranges::find(kChatter, record.ExceptionCode) == kChatter.end())
      last_first_chance_ = record.ExceptionCode;
    offer(content_of(thread, record));
    return DBG_EXCEPTION_NOT_HANDLED;
  }

  void offer(ExceptionContent exception) {
    if (!observer_.wants_exception(exception)) return;
    attached();
    exception.context = context_of(exception.thread);
    observer_.on_exception(exception);
  }

  /// The system makes an event of its own of the exception by which OutputDebugString says a line.
  void on_text(ThreadId thread, const OUTPUT_DEBUG_STRING_INFO& info) {
    offer({.thread = thread,
           .code = info.fUnicode != 0 ? kDebugPrintWideCode : kDebugPrintCode,
           .parameters = {info.nDebugStringLength,
                          reinterpret_cast<std::uintptr_t>(info.lpDebugStringData)}});
  }

  /// What is there when the debugger comes is told of first, and nobody is loading it.
  void on_module(ThreadId thread, const LOAD_DLL_DEBUG_INFO& info) {
    const platform::FileHandle file(info.hFile);
    if (!told_attached_ || !file) return;
    const auto path = path_of(file.get());
    if (path.empty() || !observer_.wants_module(path)) return;
    ExceptionContent where{.thread = thread,
                           .code = kModuleLoadCode,
                           .parameters = {reinterpret_cast<std::uintptr_t>(info.lpBaseOfDll)},
                           .context = context_of(thread)};
    where.address = stack_registers(where.context).instruction;
    observer_.on_module(path, where);
  }

  /// What is there when the debugger comes is told of first.
  void on_thread_start(ThreadId thread, const CREATE_THREAD_DEBUG_INFO& info) {
    const auto told = reinterpret_cast<std::uintptr_t>(info.lpStartAddress);
    const auto start = start_of(nt_, thread).value_or(told);
    if (is_break_in(start)) break_in_ = thread;
    if (!told_attached_ || break_in_ == thread || !observer_.watches_thread_starts()) return;
    const auto path = mapped_file_at(process_, start);
    if (path.empty() || !observer_.wants_thread_start(path)) return;
    observer_.on_thread_start(path, {.thread = thread,
                                     .code = kThreadStartCode,
                                     .address = start,
                                     .parameters = {start},
                                     .context = context_of(thread)});
  }

  /// A process takes its threads with it, and each is told of before it is itself.
  void on_thread_end(ThreadId thread, DWORD exit_code) {
    const bool is_debuggers = break_in_ == thread;
    if (is_debuggers) break_in_.reset();  // Its id may become another's.
    if (is_debuggers || !told_attached_ || ends_) return;
    if (!observer_.wants_thread_end(exit_code) || is_ending(nt_, process_)) return;
    ExceptionContent what{.thread = thread,
                          .code = kThreadEndCode,
                          .parameters = {exit_code},
                          .context = context_of(thread)};
    what.address = stack_registers(what.context).instruction;
    observer_.on_thread_end(exit_code, what);
  }

  static std::string path_of(HANDLE file) {
    std::wstring path(kMaxPathUnits, L'\0');
    const auto length = ::GetFinalPathNameByHandleW(
        file, path.data(), static_cast<DWORD>(path.size()), VOLUME_NAME_DOS);
    if (length == 0 || length >= path.size()) return {};
    path.resize(length);
    constexpr std::wstring_view kPrefix = L"\\\\?\\";
    const auto from = path.starts_with(kPrefix) ? kPrefix.size() : 0;
    return utf8_from_utf16(
               std::u16string(path.begin() + static_cast<std::ptrdiff_t>(from), path.end()))
        .text;
  }

  void attached() {
    if (std::exchange(told_attached_, true)) return;
    observer_.on_attached();
  }

  void die(const Death& death) {
    if (std::exchange(died_, true)) return;
    observer_.on_death(death);
  }

  /// Without its context, which takes a call.
  static ExceptionContent content_of(ThreadId thread, const EXCEPTION_RECORD& record) {
    ExceptionContent content{
        .thread = thread,
        .code = record.ExceptionCode,
        .flags = record.ExceptionFlags,
        .nested_record = reinterpret_cast<std::uintptr_t>(record.ExceptionRecord),
        .address = reinterpret_cast<std::uintptr_t>(record.ExceptionAddress)};
    const auto count = std::min<DWORD>(record.NumberParameters, EXCEPTION_MAXIMUM_PARAMETERS);
    content.parameters.assign(record.ExceptionInformation, record.ExceptionInformation + count);
    return content;
  }

  static ContextBytes context_of(ThreadId thread) {
    const platform::KernelHandle handle(::OpenThread(THREAD_GET_CONTEXT, FALSE, thread.value));
    return handle ? read_context(handle.get()) : ContextBytes{};
  }

  void on_self_end(ThreadId thread, std::uint64_t address, const ExitTrap::SelfEnd& end) {
    trap_.disarm();  // The process ends now; its next call on the way is no news.
    ends_ = true;
    attached();
    if (!observer_.wants_exit(end.exit_code)) return;
    die({.exception = {.thread = thread,
                       .code = kExitTrapCode,
                       .flags = EXCEPTION_NONCONTINUABLE,
                       .address = address,
                       .parameters = {end.exit_code, static_cast<std::uint32_t>(end.call),
                                      last_first_chance_},
                       .context = context_of(thread)},
         .exit_code = end.exit_code});
  }

  /// Takes one event and lets the process go on. False, with the last error, when none came in
  /// time.
  bool pump(DWORD timeout_ms) {
    DEBUG_EVENT event{};
    if (::WaitForDebugEvent(&event, timeout_ms) == FALSE) return false;
    const DWORD how = handle(event);
    ::ContinueDebugEvent(event.dwProcessId, event.dwThreadId, how);
    return true;
  }

  /// An exception that we caused and nobody takes would kill the process: a step over a breakpoint
  /// that is under way, a breakpoint that a thread has just run into. So both are waited for, the
  /// second with all else held still.
  DebugEnd detach() {
    trap_.disarm();
    while (trap_.is_stepping() && !exit_code_ && pump(kPollMs)) {
    }
    nt_.suspend_process(process_.handle());
    while (!exit_code_ && pump(kDrainMs)) {
    }
    ::DebugActiveProcessStop(process_.pid().value);
    nt_.resume_process(process_.handle());
    return {.exit_code = exit_code_};
  }

  const TargetProcess& process_;
  const Nt& nt_;
  DebugObserver& observer_;
  ExitTrap trap_;
  const bool use_trap_;
  std::uint64_t attach_breakpoint_ = 0;
  bool seen_attach_breakpoint_ = false;
  bool told_attached_ = false;
  bool died_ = false;
  bool ends_ = false;                 ///< As far as its own calls and exceptions tell.
  std::optional<ThreadId> break_in_;  ///< By which a debugger stops it, not the program.
  DWORD last_first_chance_ = 0;
  std::optional<std::uint32_t> exit_code_;
};

}  // namespace

Result<DebugEnd> debug_process(const TargetProcess& process,
                               const Nt& nt,
                               PatchedMemory& shown,
                               bool exit_trap,
                               DebugObserver& observer) {
  return Debugger(process, nt, shown, exit_trap, observer).run();
}

}  // namespace vigil::capture
