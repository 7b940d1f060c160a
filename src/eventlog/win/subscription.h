// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "eventlog/win/wevtapi.h"

namespace vigil::eventlog {

/// The events that news_query() asks for, from a bookmark on, as they come. Calls may block for as
/// long as the Event Log service takes: use it from a thread of its own. Source: EvtSubscribe's
/// page, pull model.
class Subscription {
 public:
  /// What one question gave.
  struct Batch {
    std::vector<std::string> events;  ///< XML, UTF-8, oldest first.
    std::size_t unreadable = 0;       ///< Events that were too large or could not be rendered.
    std::string bookmark;             ///< Behind the last of them.
    [[nodiscard]] bool empty() const noexcept { return events.empty() && unreadable == 0; }
  };

  /// \p bookmark: where a former one ended; empty: begins \p back ago. Errc::Unsupported: there is
  /// no event log to be had here; NotFound: the log does not know the bookmark any more.
  [[nodiscard]] static Result<Subscription> open(const std::string& bookmark, Microseconds back);

  /// Signalled when there may be events.
  [[nodiscard]] HANDLE ready() const noexcept { return ready_.get(); }
  /// The next events, or none where there are none now.
  [[nodiscard]] Result<Batch> next();

 private:
  Subscription(const Wevtapi& api, platform::KernelHandle ready, EventHandle bookmark)
      : api_(&api), ready_(std::move(ready)), bookmark_(std::move(bookmark)) {}
  [[nodiscard]] Result<std::string> render(EVT_HANDLE handle, EVT_RENDER_FLAGS as);

  const Wevtapi* api_;
  platform::KernelHandle ready_;
  EventHandle bookmark_;  // null until the first event
  EventHandle subscription_;
  std::vector<wchar_t> buffer_;
};

}  // namespace vigil::eventlog
