// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>

#include "unit/pdb/pdb_support.h"

/// Asks a database for everything.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vigil;
  MemorySource source(ByteView(std::as_bytes(std::span(data, size))));
  test::read_everything(source);
  return 0;
}
