// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/result.h"
#include "rules/rules.h"

namespace vigil::service {

/// Keeps copies of the rule files that are without problems, so that a service that starts while
/// one of them is broken goes on with what it said before. Copies of files that are gone are
/// removed. What cannot be written is an error, and everything else is written all the same.
[[nodiscard]] Status keep_copies(const rules::LoadResult& loaded,
                                 const std::filesystem::path& copies);

}  // namespace vigil::service
