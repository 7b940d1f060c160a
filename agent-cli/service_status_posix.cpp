// SPDX-License-Identifier: Apache-2.0
#include "service_status.h"

namespace vigil::cli {

std::optional<Result<ServiceStatus>> query_service() {
  return std::nullopt;
}

}  // namespace vigil::cli
