// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "breakpad/breakpad.h"
#include "support/memory_text.h"

namespace {

void ask(vigil::breakpad::SymFile& file) {
  for (std::uint32_t rva = 0; rva < 0x60; rva += 3) {
    (void)file.locate(rva);
    (void)file.cfi_rules(rva);
    (void)file.win_frame(rva);
  }
}

}  // namespace

/// The first byte says where the text ends and an index of hostile making begins; the text's own
/// index is asked too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vigil;
  if (size == 0) return 0;
  const ByteView input(std::as_bytes(std::span(data, size)));
  const auto text_size = (size - 1) * data[0] / 255;
  const auto text = input.clamp(1, text_size);
  breakpad::MemoryText source(text.text());
  const breakpad::Stamp stamp{text.size(), 0};
  if (const auto built = breakpad::build_index(text, stamp); built.ok()) {
    if (auto file = breakpad::SymFile::open(source, ByteView(std::string_view(*built)), stamp);
        file.ok()) {
      ask(*file);
    }
  }
  const auto index = input.clamp(1 + text_size, size);
  if (auto file = breakpad::SymFile::open(source, index, stamp); file.ok()) ask(*file);
  return 0;
}
