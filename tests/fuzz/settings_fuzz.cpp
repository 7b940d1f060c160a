// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "settings/settings.h"

/// A settings file of any bytes: it is accepted whole or refused with words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vigil;
  const auto settings = settings::parse_settings(
      std::string_view(reinterpret_cast<const char*>(data), size), "vigil.yaml");
  VIGIL_CHECK(settings.ok() || settings.error().message().starts_with("vigil.yaml:"));
  return 0;
}
