// SPDX-License-Identifier: Apache-2.0
#include "base/guid.h"

#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil {
namespace {

/// The last \p digits digits of \p value, without a formatter: each module of a dump has a GUID.
void append_hex(std::string& text, std::uint32_t value, unsigned digits) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr unsigned kBitsInDigit = 4;
  for (unsigned i = digits; i-- > 0;) text += kDigits[value >> i * kBitsInDigit & 0xf];
}

}  // namespace

std::string guid_digits(const Guid& guid) {
  constexpr std::size_t kWithAge = 40;
  std::string text;
  text.reserve(kWithAge);
  append_hex(text, guid.data1, 8);
  append_hex(text, guid.data2, 4);
  append_hex(text, guid.data3, 4);
  for (const auto byte : guid.data4) append_hex(text, byte, 2);
  return text;
}

std::string guid_with_dashes(const Guid& guid) {
  auto text = ascii_lower(guid_digits(guid));
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, 1, '-');
  return text;
}

std::string debug_id_of(const Guid& guid, std::uint32_t age) {
  auto text = guid_digits(guid);
  fmt::format_to(std::back_inserter(text), "{:x}", age);
  return text;
}

}  // namespace vigil
