// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "store/store.h"

/// Samples inside of other transactions.
namespace vigil::store {

/// Removes the rows of the samples of \p id; answers their files.
[[nodiscard]] std::vector<std::string> forget_samples(SQLite::Database& db, CaptureId id);

/// As Store::recover() says.
void mend_samples(SQLite::Database& db, const Store::FileProbe& files, Recovery& recovery);

}  // namespace vigil::store
