// SPDX-License-Identifier: Apache-2.0
#include "capture/exception_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/utf.h"
#include "capture/capture.h"
#include "capture/fields.h"

namespace vigil::capture {
namespace {

/// What stands at \p address, as far as it can be read, of a text of at most \p units.
template <class Unit>
std::vector<std::byte> bytes_at(TargetMemory& memory, std::uint64_t address, std::uint64_t units) {
  return memory.read_up_to(address, std::min<std::uint64_t>(units, kMaxEventText) * sizeof(Unit));
}

std::string narrow_text(TargetMemory& memory, std::uint64_t address, std::uint64_t units) {
  const auto bytes = bytes_at<char>(memory, address, units);
  const auto text = ByteView(std::span(bytes)).text();
  return std::string(text.substr(0, text.find('\0')));
}

std::string wide_text(TargetMemory& memory, std::uint64_t address, std::uint64_t units) {
  const auto bytes = bytes_at<char16_t>(memory, address, units);
  const auto array =
      ByteView(std::span(bytes)).read_array<char16_t>(0, bytes.size() / sizeof(char16_t));
  std::u16string text;
  for (std::uint64_t i = 0; array.ok() && i < array->size() && (*array)[i] != 0; ++i)
    text.push_back((*array)[i]);
  return utf8_from_utf16(text).text;
}

std::string without_line_end(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

/// `orders::timeout_error` of `.?AVtimeout_error@orders@@`. Of a template, whose name has an inner
/// structure, what stands there.
std::string type_name(std::string_view decorated) {
  std::string_view parts = decorated;
  const bool is_class = parts.starts_with(".?AV") || parts.starts_with(".?AU");
  if (!is_class || !parts.ends_with("@@") || parts.find('?', 2) != std::string_view::npos)
    return std::string(decorated);
  parts.remove_prefix(4);
  parts.remove_suffix(2);
  std::string name;
  while (!parts.empty()) {
    const auto at = parts.rfind('@');
    const auto part = at == std::string_view::npos ? parts : parts.substr(at + 1);
    if (!name.empty()) name += "::";
    name += part;
    parts = at == std::string_view::npos ? std::string_view() : parts.substr(0, at);
  }
  return name;
}

/// The exception's parameters lead to what is thrown; from there on 32-bit offsets from the base of
/// the image that threw: to the list of types that would catch it, to the first of them, which is
/// the thrown type itself, to its descriptor, in which the name stands (ehdata.h).
std::string thrown_type(TargetMemory& memory, std::span<const std::uint64_t> parameters) {
  constexpr std::uint64_t kMagic = 0x1993'0520, kLastMagic = 0x1993'0522;
  constexpr std::uint64_t kTypesOfThrowInfo = 12, kFirstType = 4, kDescriptorOfType = 4;
  constexpr std::uint64_t kNameOfDescriptor = 16;
  if (parameters.size() < 4 || parameters[0] < kMagic || parameters[0] > kLastMagic) return {};
  const auto throw_info = parameters[2];
  const auto base = parameters[3];
  const auto follow = [&](std::uint64_t address) -> std::uint64_t {
    const auto offset = memory.read_value<std::uint32_t>(address);
    return offset && *offset != 0 ? base + *offset : 0;
  };
  if (throw_info == 0) return {};
  const auto types = follow(throw_info + kTypesOfThrowInfo);
  const auto type = types == 0 ? 0 : follow(types + kFirstType);
  const auto descriptor = type == 0 ? 0 : follow(type + kDescriptorOfType);
  if (descriptor == 0) return {};
  return type_name(narrow_text(memory, descriptor + kNameOfDescriptor, kMaxEventText));
}

}  // namespace

std::string exception_text(TargetMemory& memory,
                           std::uint32_t code,
                           std::span<const std::uint64_t> parameters) {
  std::string text;
  if (code == kCppExceptionCode) {
    text = thrown_type(memory, parameters);
  } else if (parameters.size() < 2) {
    return {};
  } else if (code == kDebugPrintCode) {
    text = without_line_end(narrow_text(memory, parameters[1], parameters[0]));
  } else if (code == kDebugPrintWideCode) {
    text = without_line_end(wide_text(memory, parameters[1], parameters[0]));
  }
  return printable(text, kMaxEventText);
}

}  // namespace vigil::capture
