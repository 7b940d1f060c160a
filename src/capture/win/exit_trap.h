// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture/win/windows.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "capture/capture.h"
#include "capture/target_memory.h"
#include "capture/win/nt.h"
#include "capture/win/target_process.h"
#include "platform/win/handle.h"

namespace vigil::capture {

/// Breakpoints on the calls by which a process ends itself. A process that calls abort() or exits
/// with a code leaves nothing to look at once it is gone; here it stops one step before, all of it
/// still there. Used by the thread that debugs the process, while a debug event holds it.
class ExitTrap {
 public:
  /// \p shown is what dumps see: it gets the bytes that the breakpoints replace. Does not own the
  /// two.
  ExitTrap(const TargetProcess& process, PatchedMemory& shown) : process_(process), shown_(shown) {}
  ExitTrap(const ExitTrap&) = delete;
  ExitTrap& operator=(const ExitTrap&) = delete;

  /// False where no breakpoint could be set: the process forbids writing to its code.
  [[nodiscard]] bool arm();
  /// Puts the code back as it was. Threads that stopped at a breakpoint before can still be
  /// reported.
  void disarm();

  struct SelfEnd {
    ExitTrapCall call = ExitTrapCall::RtlExitUserProcess;
    std::uint32_t exit_code = 0;
  };
  struct Hit {
    bool ours = false;                  ///< One of these breakpoints; DBG_CONTINUE goes on.
    std::optional<SelfEnd> self_end{};  ///< It is about to end; the thread stands before the call.
  };
  /// A breakpoint exception at \p address in \p thread.
  [[nodiscard]] Hit on_breakpoint(ThreadId thread, std::uint64_t address);
  /// A single-step exception; true when it was the step over a breakpoint.
  [[nodiscard]] bool on_single_step(ThreadId thread);
  /// A thread is under way over a breakpoint; its single-step exception will come.
  [[nodiscard]] bool is_stepping() const noexcept { return stepping_.has_value(); }
  /// A thread that is being stepped may end instead.
  void on_thread_exit(ThreadId thread);

 private:
  struct Breakpoint {
    ExitTrapCall call;
    std::uint64_t address = 0;
    std::byte original{};
    bool placed = false;  ///< Ever: a thread may have run into it.
    bool armed = false;
  };
  [[nodiscard]] bool place(Breakpoint& breakpoint);
  [[nodiscard]] bool write_byte(std::uint64_t address, std::byte value) const;
  [[nodiscard]] bool is_own_process(std::uint64_t handle) const;
  void step_over(ThreadId thread, HANDLE handle, CONTEXT& context);
  void end_step();

  const TargetProcess& process_;
  PatchedMemory& shown_;
  std::array<Breakpoint, 2> breakpoints_{
      {{.call = ExitTrapCall::RtlExitUserProcess}, {.call = ExitTrapCall::NtTerminateProcess}}};
  bool wanted_ = false;  ///< Armed as a whole: after a step, breakpoints come back.
  std::optional<ThreadId> stepping_;
  std::vector<platform::KernelHandle> frozen_;  ///< The other threads, while one steps.
};

}  // namespace vigil::capture
