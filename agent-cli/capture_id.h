// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "store/store.h"

namespace vigil::cli {

/// The capture that \p id names: a number from vigil list, or `last`. Errc::Malformed when it is
/// neither.
[[nodiscard]] Result<store::Capture> find_capture(store::Store& store, const std::string& id);

}  // namespace vigil::cli
