// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "watch/watch.h"

namespace vigil::watch {

/// register_aedebug() and restore_aedebug() on this machine's registry: AeDebug itself, and
/// HKLM\Software\Vigil\AeDebugBefore, where what was there before is kept.
[[nodiscard]] Status register_system_aedebug(const AeDebugPaths& paths);
[[nodiscard]] Result<bool> restore_system_aedebug();

}  // namespace vigil::watch
