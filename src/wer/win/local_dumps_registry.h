// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "wer/wer.h"

namespace vigil::wer {

/// keep_in_step() on this machine's registry, in both views of it. What was there before is kept
/// under HKLM\Software\Vigil\LocalDumpsBefore.
[[nodiscard]] Result<Changes> keep_system_in_step(const WantedDumps& wanted,
                                                  const std::string& inbox);

/// What keeps WER from telling of crashes on this machine, a sentence each.
[[nodiscard]] std::vector<std::string> what_hinders_wer();

}  // namespace vigil::wer
