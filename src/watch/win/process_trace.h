// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <windows.h>
// After windows.h, which they need.
#include <evntrace.h>
//
#include <evntcons.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/result.h"
#include "watch/watch.h"

namespace vigil::watch {

/// The functions of event tracing that are used; a test brings its own.
struct TraceFunctions {
  decltype(&::StartTraceW) start = nullptr;
  decltype(&::ControlTraceW) control = nullptr;
  decltype(&::EnableTraceEx2) enable = nullptr;
  decltype(&::OpenTraceW) open = nullptr;
  decltype(&::ProcessTrace) process = nullptr;
  decltype(&::CloseTrace) close = nullptr;
};
/// Errc::Unsupported where the system has not all of them.
[[nodiscard]] Result<TraceFunctions> trace_functions();

/// A session of event tracing that tells of every process of the machine: when it started, and with
/// which exit code it ended. One that an earlier life of the service has left is taken over.
class ProcessTrace {
 public:
  /// \p on_event is called in a thread of the trace's own.
  using OnEvent = std::function<void(ProcessEvent)>;
  [[nodiscard]] static Result<std::unique_ptr<ProcessTrace>> start(const TraceFunctions& functions,
                                                                   OnEvent on_event);
  /// Ends the session; after it \p on_event is not called any more.
  ~ProcessTrace();
  ProcessTrace(const ProcessTrace&) = delete;
  ProcessTrace& operator=(const ProcessTrace&) = delete;

 private:
  ProcessTrace(const TraceFunctions& functions, OnEvent on_event)
      : functions_(functions), on_event_(std::move(on_event)) {}
  [[nodiscard]] Status start_session();
  [[nodiscard]] Status listen();
  void stop_session();
  static void WINAPI take(EVENT_RECORD* record);

  TraceFunctions functions_;
  OnEvent on_event_;
  TRACEHANDLE session_ = 0;
  TRACEHANDLE consumer_ = INVALID_PROCESSTRACE_HANDLE;
  std::thread thread_;
};

}  // namespace vigil::watch
