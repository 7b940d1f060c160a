// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/database.h"
#include "store/store.h"

namespace vigil::store {

class Store::Impl {
 public:
  explicit Impl(Database opened) : database(std::move(opened)) {}
  Database database;
};

}  // namespace vigil::store
