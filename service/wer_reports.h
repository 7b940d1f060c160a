// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "wer/wer.h"

namespace vigil::service {

/// The report in \p folder, which somebody says that Windows Error Reporting keeps it in. Nothing:
/// that is none of the machine's own report folders, or it has no report any more that can be read.
[[nodiscard]] std::optional<wer::Report> read_wer_report(const std::string& folder);

}  // namespace vigil::service
