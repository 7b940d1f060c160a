// SPDX-License-Identifier: Apache-2.0
#include "watch/win/process_trace.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/byte_builder.h"

namespace vigil::watch {
namespace {

constexpr GUID kKernelProcess = {
    0x22fb'2cd6, 0x0e7b, 0x422b, {0xa0, 0xc7, 0x2f, 0xad, 0x1f, 0xd0, 0xe7, 0x16}};
constexpr TRACEHANDLE kSession = 5, kConsumer = 6;

struct Recorded {
  GUID provider = kKernelProcess;
  std::uint16_t id = 0;
  std::uint8_t version = 0;
  std::string payload;
};

/// Event tracing as the stand-ins for its functions have it.
struct Tracing {
  std::vector<Recorded> events;
  ULONG start_error = ERROR_SUCCESS;  ///< Of the first start.
  ULONG enable_error = ERROR_SUCCESS;
  bool opens = true;
  std::vector<std::string> calls;
  EVENT_TRACE_LOGFILEW source{};
  std::mutex mutex;
  std::condition_variable changed;
  bool closed = false;
};
Tracing* tracing = nullptr;

ULONG WINAPI start_trace(TRACEHANDLE* session, const wchar_t*, EVENT_TRACE_PROPERTIES* properties) {
  tracing->calls.push_back("start");
  EXPECT_EQ(properties->LogFileMode, ULONG{EVENT_TRACE_REAL_TIME_MODE});
  EXPECT_LT(properties->LoggerNameOffset, properties->Wnode.BufferSize);
  const auto error = std::exchange(tracing->start_error, ERROR_SUCCESS);
  if (error == ERROR_SUCCESS) *session = kSession;
  return error;
}
ULONG WINAPI control_trace(TRACEHANDLE session,
                           const wchar_t* name,
                           EVENT_TRACE_PROPERTIES*,
                           ULONG code) {
  EXPECT_EQ(code, ULONG{EVENT_TRACE_CONTROL_STOP});
  EXPECT_EQ(session == 0, name != nullptr);
  tracing->calls.push_back(session == 0 ? "stop by name" : "stop");
  return ERROR_SUCCESS;
}
ULONG WINAPI enable_trace(TRACEHANDLE session,
                          const GUID* provider,
                          ULONG,
                          UCHAR,
                          ULONGLONG any,
                          ULONGLONG,
                          ULONG,
                          ENABLE_TRACE_PARAMETERS*) {
  EXPECT_EQ(session, kSession);
  EXPECT_TRUE(IsEqualGUID(*provider, kKernelProcess));
  EXPECT_EQ(any, 0x10u);
  return tracing->enable_error;
}
TRACEHANDLE WINAPI open_trace(EVENT_TRACE_LOGFILEW* source) {
  tracing->source = *source;
  ::SetLastError(ERROR_ACCESS_DENIED);
  return tracing->opens ? kConsumer : INVALID_PROCESSTRACE_HANDLE;
}
ULONG WINAPI process_trace(TRACEHANDLE*, ULONG, FILETIME*, FILETIME*) {
  for (auto& recorded : tracing->events) {
    EVENT_RECORD record{};
    record.EventHeader.ProviderId = recorded.provider;
    record.EventHeader.EventDescriptor.Id = recorded.id;
    record.EventHeader.EventDescriptor.Version = recorded.version;
    record.UserData = recorded.payload.data();
    record.UserDataLength = static_cast<USHORT>(recorded.payload.size());
    record.UserContext = tracing->source.Context;
    tracing->source.EventRecordCallback(&record);
  }
  std::unique_lock lock(tracing->mutex);
  tracing->changed.wait(lock, [] { return tracing->closed; });
  return ERROR_SUCCESS;
}
ULONG WINAPI close_trace(TRACEHANDLE consumer) {
  EXPECT_EQ(consumer, kConsumer);
  const std::lock_guard lock(tracing->mutex);
  tracing->closed = true;
  tracing->changed.notify_all();
  return ERROR_SUCCESS;
}

class ProcessTraceTest : public testing::Test {
 protected:
  ProcessTraceTest() { tracing = &tracing_; }
  ~ProcessTraceTest() override { tracing = nullptr; }

  Result<std::unique_ptr<ProcessTrace>> start() {
    return ProcessTrace::start(
        {start_trace, control_trace, enable_trace, open_trace, process_trace, close_trace},
        [this](const ProcessEvent& event) {
          const std::lock_guard lock(mutex_);
          events_.push_back(event);
          changed_.notify_all();
        });
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return events_.size() >= count; });
  }

  Tracing tracing_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ProcessEvent> events_;
};

std::string stop_payload(std::uint32_t pid) {
  return test::ByteBuilder().u32(pid).u64(1).u64(2).u32(3).fill(24).c_string("a.exe").bytes();
}

TEST_F(ProcessTraceTest, TellsOfTheEventsOfItsProvider) {
  tracing_.events = {{.id = 2, .payload = stop_payload(40)},
                     {.provider = {}, .id = 2, .payload = stop_payload(44)},
                     {.id = 2, .payload = "cut off"},
                     {.id = 5, .payload = stop_payload(48)},
                     {.id = 2, .payload = stop_payload(52)}};
  {
    const auto trace = start();
    ASSERT_TRUE(trace.ok()) << trace.error().message();
    wait_for(2);
  }
  ASSERT_EQ(events_.size(), 2u);
  EXPECT_EQ(events_[0].key.pid, ProcessId{40});
  EXPECT_EQ(events_[1].key.pid, ProcessId{52});
  EXPECT_EQ(tracing_.calls, (std::vector<std::string>{"start", "stop"}));
}

TEST_F(ProcessTraceTest, TakesOverASessionThatIsLeft) {
  tracing_.start_error = ERROR_ALREADY_EXISTS;
  ASSERT_TRUE(start().ok());
  EXPECT_EQ(tracing_.calls, (std::vector<std::string>{"start", "stop by name", "start", "stop"}));
}

TEST_F(ProcessTraceTest, SaysWhyThereIsNone) {
  tracing_.start_error = ERROR_NO_SYSTEM_RESOURCES;
  EXPECT_FALSE(start().ok());
  EXPECT_EQ(tracing_.calls, std::vector<std::string>{"start"});
  tracing_.enable_error = ERROR_ACCESS_DENIED;
  EXPECT_EQ(start().error().code(), Errc::AccessDenied);
  EXPECT_EQ(tracing_.calls.back(), "stop") << "the session is not left";
  tracing_.enable_error = ERROR_SUCCESS;
  tracing_.opens = false;
  EXPECT_FALSE(start().ok());
  EXPECT_EQ(tracing_.calls.back(), "stop");
}

}  // namespace
}  // namespace vigil::watch
