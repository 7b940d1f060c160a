// SPDX-License-Identifier: Apache-2.0
#include "platform/win/event_log.h"

#include <array>
#include <string>

#include <fmt/format.h>

#include "platform/win/registry.h"
#include "platform/win/text.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

/// A string of an event may have 31,839 characters; the rest of a longer text is in the log file.
constexpr std::size_t kMaxEventUnits = 31'000;
constexpr std::uint32_t kAllTypes =
    EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;

std::string source_key(std::string_view source) {
  return fmt::format("SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\{}", source);
}

WORD type_of(EventSeverity severity) {
  switch (severity) {
    case EventSeverity::Information: return EVENTLOG_INFORMATION_TYPE;
    case EventSeverity::Warning: return EVENTLOG_WARNING_TYPE;
    case EventSeverity::Error: return EVENTLOG_ERROR_TYPE;
  }
  return EVENTLOG_ERROR_TYPE;
}

}  // namespace

Result<EventLog> EventLog::open(std::string_view source) {
  UniqueHandle<EventSourceTraits> handle(
      ::RegisterEventSourceW(nullptr, wide_from_utf8(source).c_str()));
  if (!handle) return from_last_error("cannot open the event log");
  return EventLog(std::move(handle));
}

Status EventLog::report(EventSeverity severity, std::uint32_t id, std::string_view text) {
  auto wide = wide_from_utf8(text);
  if (wide.size() > kMaxEventUnits) wide.resize(kMaxEventUnits);
  std::array<const wchar_t*, 1> strings = {wide.c_str()};
  if (::ReportEventW(source_.get(), type_of(severity), 0, id, nullptr,
                     static_cast<WORD>(strings.size()), 0, strings.data(), nullptr) == FALSE) {
    return from_last_error("cannot write to the event log");
  }
  return {};
}

Status register_event_source(std::string_view source) {
  VIGIL_TRY_ASSIGN(const auto key, RegistryKey::create(source_key(source)));
  VIGIL_TRY(key.write_expandable("EventMessageFile", "%SystemRoot%\\System32\\EventCreate.exe"));
  return key.write_dword("TypesSupported", kAllTypes);
}

Status unregister_event_source(std::string_view source) {
  return remove_registry_key(source_key(source));
}

}  // namespace vigil::platform
