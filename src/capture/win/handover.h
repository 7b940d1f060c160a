// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture/win/windows.h"

#include <optional>
#include <string>

#include "base/result.h"
#include "capture/capture.h"
#include "capture/win/live_dump.h"
#include "capture/win/nt.h"
#include "capture/win/target_process.h"

namespace vigil::capture {

/// One death, or one wish for a dump, on its way into the inbox.
struct Handover {
  store::Signal signal{};
  rules::Decision decision{};  ///< What to take, and for which rule.
  bool decided = false;        ///< By the service itself.
  std::optional<ExceptionContent> exception{};
  bool held = false;
};

struct HandedOver {
  std::string event_file;           ///< Its name in the inbox.
  std::optional<LiveDump> dump;     ///< Nothing: none was wanted, or it failed.
  std::optional<Error> dump_error;  ///< Why it failed. The event is in the inbox all the same.
};

/// Dumps as decided, and puts the event beside the dump as the last thing. The error is the
/// event's: without it nothing has happened as far as the service can see.
[[nodiscard]] Result<HandedOver> hand_over(const Nt& nt,
                                           const TargetProcess& process,
                                           TargetMemory& memory,
                                           const DumperOptions& options,
                                           const DumperConsole& console,
                                           Handover what);

/// The dump's own account of why it is there, for its comment stream.
[[nodiscard]] std::string dump_comment(const store::Signal& signal,
                                       const rules::Decision& decision);

/// `mini dump of 1.2 MiB, 12 threads, 40 modules; the process stood still for 12ms of 80ms`
[[nodiscard]] std::string describe(const LiveDump& dump, rules::DumpKind kind);

}  // namespace vigil::capture
