// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include "store/impl.h"

namespace vigil::store {

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Result<Store> Store::open(const std::filesystem::path& file, OpenMode mode) {
  VIGIL_TRY_ASSIGN(auto database, Database::open(file, mode));
  return Store(std::make_unique<Impl>(std::move(database)));
}

}  // namespace vigil::store
