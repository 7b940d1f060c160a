// SPDX-License-Identifier: Apache-2.0
#include "analysis/memory_text.h"

#include <algorithm>
#include <string_view>

#include "base/utf.h"

namespace vigil::analysis {
namespace {

/// Printable, on one line and within the limit, never cut inside a character.
std::string tidy(std::string_view raw) {
  auto text = printable_utf8(raw);
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  constexpr std::string_view kCut = "...";
  if (text.size() > kMaxMemoryText) {
    auto end = kMaxMemoryText - kCut.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
    text += kCut;
  }
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace

std::string read_text(snapshot::Memory& memory, std::uint64_t address) {
  // One more than the limit, so that what is cut is seen to be.
  const auto bytes = memory.at(address, kMaxMemoryText + 1).text();
  return tidy(bytes.substr(0, bytes.find('\0')));
}

std::string read_wide_text(snapshot::Memory& memory, std::uint64_t address) {
  const auto bytes = memory.at(address, 2 * (kMaxMemoryText + 1));
  std::u16string text;
  for (std::uint64_t i = 0; i + 1 < bytes.size(); i += 2) {
    const auto unit = bytes.read<std::uint16_t>(i);
    if (!unit.ok() || *unit == 0) break;
    text += static_cast<char16_t>(*unit);
  }
  return tidy(utf8_from_utf16(text).text);
}

}  // namespace vigil::analysis
