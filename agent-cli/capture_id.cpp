// SPDX-License-Identifier: Apache-2.0
#include "capture_id.h"

#include <charconv>
#include <cstdint>
#include <system_error>

#include <fmt/format.h>

namespace vigil::cli {

Result<store::Capture> find_capture(store::Store& store, const std::string& id) {
  if (id == "last") return store.last();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (error != std::errc() || end != id.data() + id.size()) {
    return Error{Errc::Malformed,
                 fmt::format("'{}' is no id: write a number from vigil list, or last", id)};
  }
  return store.get(store::CaptureId{number});
}

}  // namespace vigil::cli
