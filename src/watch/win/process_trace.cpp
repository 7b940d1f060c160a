// SPDX-License-Identifier: Apache-2.0
#include "watch/win/process_trace.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "platform/win/system_library.h"
#include "platform/win/win_error.h"

namespace vigil::watch {
namespace {

using platform::find_function;

constexpr std::wstring_view kSessionName = L"Vigil processes";
// {22fb2cd6-0e7b-422b-a0c7-2fad1fd0e716}, of the provider's manifest.
constexpr GUID kKernelProcess = {
    0x22fb'2cd6, 0x0e7b, 0x422b, {0xa0, 0xc7, 0x2f, 0xad, 0x1f, 0xd0, 0xe7, 0x16}};
constexpr ULONGLONG kProcessKeyword = 0x10;
// From evntrace.h and evntcons.h; older headers lack some.
constexpr ULONG kEnableProvider = 1;
constexpr ULONG kClockIsQpc = 1;
constexpr ULONG kBufferKib = 64, kMinBuffers = 4, kMaxBuffers = 16, kFlushSeconds = 1;

/// EVENT_TRACE_PROPERTIES with the room for the name behind it that the calls want.
struct Properties {
  EVENT_TRACE_PROPERTIES head{};
  std::array<wchar_t, 64> name{};

  Properties() {
    head.Wnode.BufferSize = sizeof(Properties);
    head.Wnode.Flags = WNODE_FLAG_TRACED_GUID;
    head.Wnode.ClientContext = kClockIsQpc;
    head.BufferSize = kBufferKib;
    head.MinimumBuffers = kMinBuffers;
    head.MaximumBuffers = kMaxBuffers;
    head.FlushTimer = kFlushSeconds;
    head.LogFileMode = EVENT_TRACE_REAL_TIME_MODE;
    head.LoggerNameOffset = offsetof(Properties, name);
  }
};

}  // namespace

Result<TraceFunctions> trace_functions() {
  const HMODULE library = platform::system_library(L"advapi32.dll");
  TraceFunctions functions;
  const bool all = library != nullptr && find_function(library, "StartTraceW", functions.start) &&
                   find_function(library, "ControlTraceW", functions.control) &&
                   find_function(library, "EnableTraceEx2", functions.enable) &&
                   find_function(library, "OpenTraceW", functions.open) &&
                   find_function(library, "ProcessTrace", functions.process) &&
                   find_function(library, "CloseTrace", functions.close);
  if (!all) return Error{Errc::Unsupported, "this system has no event tracing"};
  return functions;
}

Result<std::unique_ptr<ProcessTrace>> ProcessTrace::start(const TraceFunctions& functions,
                                                          OnEvent on_event) {
  std::unique_ptr<ProcessTrace> trace(new ProcessTrace(functions, std::move(on_event)));
  VIGIL_TRY(trace->start_session());
  VIGIL_TRY(trace->listen());
  return trace;
}

Status ProcessTrace::start_session() {
  for (int attempt = 0;; ++attempt) {
    Properties properties;
    const ULONG error = functions_.start(&session_, kSessionName.data(), &properties.head);
    if (error == ERROR_SUCCESS) break;
    session_ = 0;
    if (error != ERROR_ALREADY_EXISTS || attempt > 0)
      return platform::from_win32(error, "cannot start a trace of processes");
    stop_session();
  }
  const ULONG error = functions_.enable(session_, &kKernelProcess, kEnableProvider,
                                        TRACE_LEVEL_INFORMATION, kProcessKeyword, 0, 0, nullptr);
  if (error != ERROR_SUCCESS)
    return platform::from_win32(error, "cannot enable the events of processes");
  return {};
}

Status ProcessTrace::listen() {
  std::wstring name(kSessionName);
  EVENT_TRACE_LOGFILEW source{};
  source.LoggerName = name.data();
  source.ProcessTraceMode = PROCESS_TRACE_MODE_REAL_TIME | PROCESS_TRACE_MODE_EVENT_RECORD;
  source.EventRecordCallback = take;
  source.Context = this;
  consumer_ = functions_.open(&source);
  if (consumer_ == INVALID_PROCESSTRACE_HANDLE)
    return platform::from_last_error("cannot listen to a trace of processes");
  thread_ = std::thread([this] { functions_.process(&consumer_, 1, nullptr, nullptr); });
  return {};
}

/// By name: the one that is left over has no handle here.
void ProcessTrace::stop_session() {
  Properties properties;
  functions_.control(session_, session_ == 0 ? kSessionName.data() : nullptr, &properties.head,
                     EVENT_TRACE_CONTROL_STOP);
}

ProcessTrace::~ProcessTrace() {
  // Closing makes the thread's call return once the buffers are empty; stopping empties them.
  if (consumer_ != INVALID_PROCESSTRACE_HANDLE) functions_.close(consumer_);
  if (session_ != 0) stop_session();
  if (thread_.joinable()) thread_.join();
}

void ProcessTrace::take(EVENT_RECORD* record) {
  const auto& header = record->EventHeader;
  if (std::memcmp(&header.ProviderId, &kKernelProcess, sizeof(GUID)) != 0) return;
  auto event = parse_process_event(
      header.EventDescriptor.Id, header.EventDescriptor.Version,
      ByteView(std::span(static_cast<const std::byte*>(record->UserData), record->UserDataLength)));
  if (event) static_cast<ProcessTrace*>(record->UserContext)->on_event_(std::move(*event));
}

}  // namespace vigil::watch
