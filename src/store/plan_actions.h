// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "store/store.h"

namespace vigil::store {

/// As Store::set_decision() says of \p actions, within its transaction.
void plan_actions(SQLite::Database& db, CaptureId id, const std::vector<PlannedAction>& actions);

/// As Store::recover() says.
void recover_actions(SQLite::Database& db, Timestamp now);

}  // namespace vigil::store
