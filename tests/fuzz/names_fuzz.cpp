// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/byte_view.h"
#include "base/result.h"
#include "names/names.h"

/// The input as a decorated name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vigil;
  const ByteView bytes(std::as_bytes(std::span(data, size)));
  const auto name = bytes.text();
  const auto plain = names::undecorate(name);
  VIGIL_CHECK(plain.empty() == name.empty());
  VIGIL_CHECK(plain == name || plain.size() <= names::kMaxName);
  return 0;
}
