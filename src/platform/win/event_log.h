// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "platform/win/handle.h"

namespace vigil::platform {

struct EventSourceTraits {
  using Raw = HANDLE;
  static Raw invalid() noexcept { return nullptr; }
  static void close(Raw raw) noexcept { ::DeregisterEventSource(raw); }
};

enum class EventSeverity : std::uint8_t { Information, Warning, Error };

/// Writes to the Application log of this machine.
class EventLog {
 public:
  [[nodiscard]] static Result<EventLog> open(std::string_view source);
  /// \p id is 1 to 1000: what the message file of register_event_source() has texts for.
  [[nodiscard]] Status report(EventSeverity severity, std::uint32_t id, std::string_view text);

 private:
  explicit EventLog(UniqueHandle<EventSourceTraits> source) : source_(std::move(source)) {}
  UniqueHandle<EventSourceTraits> source_;
};

/// Tells the event viewer how to show \p source: through a message file that every Windows has and
/// whose texts are the one string that was reported.
[[nodiscard]] Status register_event_source(std::string_view source);
[[nodiscard]] Status unregister_event_source(std::string_view source);

}  // namespace vigil::platform
