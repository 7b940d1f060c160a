// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "analysis/analysis.h"

namespace vigil::analysis {

/// The parameters under which Windows Error Reporting files this crash, which group it on every
/// Windows machine: `APPCRASH | OrdersApi.exe | 4.2.1.0 | 5f3a1b2c | orders.dll | …`. Empty where
/// they are not what the dump alone says: .NET exceptions, crashes outside of any module, hangs.
[[nodiscard]] std::string make_wer_bucket(const snapshot::Snapshot& snapshot,
                                          const report::Crash& crash);

}  // namespace vigil::analysis
