// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "platform/win/process_table.h"
#include "report/report.h"
#include "watch/watch.h"

namespace vigil::service {

/// What is measured, and with what.
struct Measurements {
  const watch::Sampler& sampler;
  const platform::ProcessTable& table;
  const std::filesystem::path& dumps;  ///< Whose disk is looked at.
};

/// What was the case when something happened to \p process: how it had gone on, what the machine
/// did. What cannot be found out is left out.
[[nodiscard]] report::Circumstances circumstances_of(const ProcessKey& process,
                                                     const Measurements& measurements,
                                                     Timestamp now);

/// As the store keeps them: a report with nothing else in it.
[[nodiscard]] std::string to_json(const report::Circumstances& circumstances);

}  // namespace vigil::service
