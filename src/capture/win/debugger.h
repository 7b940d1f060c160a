// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture/win/windows.h"

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "capture/capture.h"
#include "capture/dump_content.h"
#include "capture/target_memory.h"
#include "capture/win/exit_trap.h"
#include "capture/win/nt.h"
#include "capture/win/target_process.h"

namespace vigil::capture {

/// The moment before a process ends: by an exception that nobody handled, or by its own hand.
struct Death {
  ExceptionContent exception{};
  std::optional<std::uint32_t> exit_code{};  ///< By its own hand, with this code.
};

/// What is done with what a debugger sees. Everything is called on the debugger's thread; in
/// on_death() the process stands still.
class DebugObserver {
 public:
  virtual ~DebugObserver() = default;
  /// The process runs under the debugger now. Once, and before any death.
  virtual void on_attached() = 0;
  /// Whether an end by the process's own hand with this code is worth stopping for.
  [[nodiscard]] virtual bool wants_exit(std::uint32_t exit_code) = 0;
  /// Whether an exception is worth stopping for when it is raised, before anybody may handle it. A
  /// line of text for a debugger is one too. It has no context yet.
  [[nodiscard]] virtual bool wants_exception(const ExceptionContent& /*exception*/) {
    return false;
  }
  /// The process stands still, and goes on with looking for a handler.
  virtual void on_exception(const ExceptionContent& /*exception*/) {}
  /// Whether the module at this path is worth stopping for when it is loaded. Those that were there
  /// before are not told of.
  [[nodiscard]] virtual bool wants_module(std::string_view /*path*/) { return false; }
  /// The process stands still in the call that loads it. \p where: kModuleLoadCode, and who calls.
  virtual void on_module(std::string_view /*path*/, const ExceptionContent& /*where*/) {}
  /// Whether the end of a thread with this code is worth stopping for. The process lives on, and
  /// the thread is none of a debugger's.
  [[nodiscard]] virtual bool wants_thread_end(std::uint32_t /*exit_code*/) { return false; }
  /// The process stands still. \p what: kThreadEndCode, and where the thread was, where the system
  /// still tells.
  virtual void on_thread_end(std::uint32_t /*exit_code*/, const ExceptionContent& /*what*/) {}
  /// Whether where threads start is worth finding out.
  [[nodiscard]] virtual bool watches_thread_starts() { return false; }
  /// Whether a thread is worth stopping for that starts in the module at this path. Those that were
  /// there before are not told of.
  [[nodiscard]] virtual bool wants_thread_start(std::string_view /*path*/) { return false; }
  /// The process stands still, and the thread has done nothing yet. \p what: kThreadStartCode, and
  /// where it starts.
  virtual void on_thread_start(std::string_view /*path*/, const ExceptionContent& /*what*/) {}
  /// Once at most. Afterwards the process ends as it would have.
  virtual void on_death(const Death& death) = 0;
  /// Asked after every event, and at least every kPollMs.
  [[nodiscard]] virtual bool should_detach() = 0;
};

/// How long a debugger waits for an event before it asks whether to go on: the price of a clean
/// detach, which only this thread can do and nothing but an event or the time can wake.
inline constexpr DWORD kPollMs = 500;

/// How debugging ended: with the process, and its exit code, or by detaching from it.
struct DebugEnd {
  std::optional<std::uint32_t> exit_code;
};

/// Debugs \p process until it ends or the observer wants no more. The process outlives this program
/// in any case, and no breakpoint stays in it. \p shown reads the process as it is without us.
[[nodiscard]] Result<DebugEnd> debug_process(const TargetProcess& process,
                                             const Nt& nt,
                                             PatchedMemory& shown,
                                             bool exit_trap,
                                             DebugObserver& observer);

}  // namespace vigil::capture
