// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include <spdlog/logger.h>

#include "base/result.h"
#include "settings/settings.h"

namespace vigil::service {

/// The service's log: `vigil.log` in \p folder, rotated; warnings and errors also in the Windows
/// Event Log; everything also on the terminal with \p console.
[[nodiscard]] Result<std::unique_ptr<spdlog::logger>> open_log(const std::filesystem::path& folder,
                                                               const settings::Settings& settings,
                                                               bool console);

}  // namespace vigil::service
