// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include <spdlog/logger.h>

#include "base/result.h"
#include "base/time.h"
#include "rules/rules.h"
#include "store/store.h"

namespace vigil::service {

/// What apply_signature_limit() works on; it owns none of it.
struct SignatureLimitParts {
  store::Store& store;
  const rules::RuleSet& rules;
  const Clock& clock;
  spdlog::logger& log;
  std::filesystem::path data_folder;
};

/// The signature is known only after the analysis. Where the rule has kept as many dumps of it as
/// it may, this one's file goes; row and report stay.
[[nodiscard]] Status apply_signature_limit(const SignatureLimitParts& parts, store::CaptureId id);

}  // namespace vigil::service
