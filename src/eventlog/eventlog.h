// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/store.h"

/// What Windows itself wrote down: events of crashes, hangs, services that died and bugchecks, out
/// of the Application and System logs. Events are read by the position of their values: the names
/// differ between versions of Windows and are translated. An event is hostile: any user may write
/// one that says anything, so what comes out is a claim, with every length limited. Free of state
/// except for the subscription (eventlog/win/subscription.h).
namespace vigil::eventlog {

/// EvtRender gives at most this much for an event that we ask for; a .NET stack is cut at 31 KiB.
inline constexpr std::size_t kMaxEventBytes = 256 << 10;
inline constexpr std::size_t kMaxValues = 64;

/// One event as its XML says it. Source: the schema at
/// http://schemas.microsoft.com/win/2004/08/events/event.
struct Record {
  std::string provider, channel;
  std::uint32_t id = 0;
  std::uint32_t level = 0;      ///< 1 critical, 2 error, 3 warning, 4 information; 0: not said.
  std::uint64_t record_id = 0;  ///< Of the channel; it only grows while the log is not made anew.
  Timestamp at;
  std::vector<std::string> values;  ///< Of EventData, in order, without white space around.
  std::string binary;               ///< Of EventData: hex digits as they stand.
};

/// \p xml is UTF-8. Errc::Malformed: it is no XML, or no event; LimitExceeded: more bytes or values
/// than are read.
[[nodiscard]] Result<Record> parse_record(std::string_view xml);

/// What an event tells.
struct News {
  store::LogEvent event;  ///< What is kept of it.
  /// The death or the hang that it tells of. Without a process id where the event has none.
  std::optional<store::Signal> signal = {};
  /// A service that it names, by its key or its display name; whoever runs it is whom the signal
  /// means.
  std::string service = {};
  /// Where Windows Error Reporting keeps the report that it tells of; empty: it does not say.
  std::string report_folder = {};
};

/// Nothing where an event is none of those that news_query() asks for, or has too few values.
[[nodiscard]] std::optional<News> news_of(const Record& record);

/// A warning or an error, of whomever; for whoever looks at what else went wrong.
struct Trouble {
  Timestamp at;
  std::uint32_t level = 0;  ///< As Record's.
  std::string channel, provider;
  std::uint32_t event_id = 0;
  std::string text;  ///< Its values, in one line.
};
/// Nothing where \p record is neither.
[[nodiscard]] std::optional<Trouble> trouble_of(const Record& record);
/// `critical`, `error`, `warning`
[[nodiscard]] std::string_view level_name(std::uint32_t level) noexcept;
/// So far back they are of interest.
inline constexpr Microseconds kTroubleAge = std::chrono::minutes(5);

/// The structured query for all of these events, and for warnings and errors no older than
/// kTroubleAge. \p back: only those younger than this; nothing:
/// all.
[[nodiscard]] std::string news_query(std::optional<Microseconds> back = {});

/// What the text of a .NET Runtime event says. The text has no process id.
struct DotnetText {
  std::string process;    ///< `OrdersApi.exe`
  std::string exception;  ///< `System.InvalidOperationException: no such order`, one line.
};
[[nodiscard]] DotnetText parse_dotnet_text(std::string_view text);

}  // namespace vigil::eventlog
