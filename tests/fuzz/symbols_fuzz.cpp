// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "symbols/symbols.h"
#include "unit/unwind/fake_process.h"

/// The input as the memory of a module whose code is named.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vigil;
  const ByteView bytes(std::as_bytes(std::span(data, size)));
  constexpr std::uint64_t kBase = 0x7ff6'0000'0000;
  test::FakeMemory memory;
  memory.add(kBase, std::string(bytes.text()));
  snapshot::Module module;
  module.base = kBase;
  module.size = size;
  const std::vector<snapshot::Module> modules = {module};
  symbols::Library library({});
  symbols::ModuleImages images(modules, memory, library);
  symbols::Symbolizer symbolizer(images);
  for (std::uint64_t offset = 0; offset < 0x2000; offset += 0x3f) (void)symbolizer.name(0, offset);
  return 0;
}
