// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture/win/windows.h"

#include "base/result.h"
#include "capture/capture.h"
#include "capture/win/debugger.h"
#include "capture/win/nt.h"
#include "capture/win/target_process.h"

namespace vigil::capture {

/// The debugger of one process for as long as it lives.
[[nodiscard]] Status run_attach(const Nt& nt,
                                const DumperOptions& options,
                                const DumperConsole& console);

/// The system's post-mortem debugger: started by a process that has crashed and waits.
[[nodiscard]] Status run_jit(const Nt& nt,
                             const DumperOptions& options,
                             const DumperConsole& console);

/// Packs a dump that is there already into seekable frames, beside other work.
[[nodiscard]] Status run_pack(const DumperOptions& options, const DumperConsole& console);

/// Errc::NotFound: \p process has only got the id of the one that is meant.
[[nodiscard]] Status check_is_the_one(const TargetProcess& process, const DumperOptions& options);

/// \p death of the process that \p facts are about, as news for the service.
[[nodiscard]] store::Signal signal_of(store::Source source,
                                      const store::Signal& facts,
                                      const Death& death,
                                      TargetMemory& memory,
                                      const TargetProcess& process);

}  // namespace vigil::capture
