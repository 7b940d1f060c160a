// SPDX-License-Identifier: Apache-2.0
#include "base/utf.h"

#include <algorithm>
#include <cstddef>

namespace vigil {
namespace {

constexpr char32_t kReplacement = 0xfffd;

constexpr bool is_surrogate(char32_t c) {
  return c >= 0xd800 && c <= 0xdfff;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6));
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3f));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

/// Decodes one code point at \p position and moves behind it. A malformed byte gives U+FFFD and
/// moves by one, so that nothing is swallowed.
char32_t next_utf8(std::string_view text, std::size_t& position) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const char32_t lead = byte(position);
  std::size_t length = 0;
  char32_t value = 0;
  if (lead < 0x80) {
    ++position;
    return lead;
  }
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
    value = lead & 0x1f;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    value = lead & 0x0f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    value = lead & 0x07;
  }
  if (length == 0 || length > text.size() - position) {
    ++position;
    return kReplacement;
  }
  for (std::size_t i = 1; i < length; ++i) {
    const char32_t next = byte(position + i);
    if ((next & 0xc0) != 0x80) {
      ++position;
      return kReplacement;
    }
    value = (value << 6) | (next & 0x3f);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || is_surrogate(value) || value > 0x10ffff) {
    ++position;
    return kReplacement;
  }
  position += length;
  return value;
}

}  // namespace

Utf8Text utf8_from_utf16(std::u16string_view text) {
  Utf8Text result;
  result.text.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t unit = text[i];
    if (!is_surrogate(unit)) {
      append_utf8(result.text, unit);
      continue;
    }
    const bool paired =
        unit < 0xdc00 && i + 1 < text.size() && text[i + 1] >= 0xdc00 && text[i + 1] <= 0xdfff;
    if (paired) {
      append_utf8(result.text, 0x10000 + ((unit - 0xd800) << 10) + (text[i + 1] - 0xdc00));
      ++i;
    } else {
      append_utf8(result.text, kReplacement);
      result.lossless = false;
    }
  }
  return result;
}

Utf8Text utf8_from_utf16_bytes(ByteView bytes) {
  std::u16string units;
  const auto array = bytes.read_array<char16_t>(0, bytes.size() / 2);
  units.reserve(static_cast<std::size_t>(array->size()));
  for (std::uint64_t i = 0; i < array->size(); ++i) units.push_back((*array)[i]);
  auto result = utf8_from_utf16(units);
  result.lossless = result.lossless && bytes.size() % 2 == 0;
  return result;
}

std::u16string utf16_from_utf8(std::string_view text) {
  std::u16string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = next_utf8(text, i);
    if (c < 0x10000) {
      result.push_back(static_cast<char16_t>(c));
    } else {
      result.push_back(static_cast<char16_t>(0xd800 + ((c - 0x10000) >> 10)));
      result.push_back(static_cast<char16_t>(0xdc00 + ((c - 0x10000) & 0x3ff)));
    }
  }
  return result;
}

std::size_t well_formed_utf8_length(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const auto start = i;
    // A U+FFFD that stands in the text itself is three bytes long.
    if (next_utf8(text, i) == kReplacement && i - start == 1) return start;
  }
  return text.size();
}

std::string printable_utf8(std::string_view text) {
  const auto plain = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (std::all_of(text.begin(), text.end(), plain)) return std::string(text);
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = next_utf8(text, i);
    const bool control = (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0);
    append_utf8(result, control ? kReplacement : c);
  }
  return result;
}

std::string ascii_lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string_view windows_file_name(std::string_view path) noexcept {
  const auto slash = path.find_last_of("\\/");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace vigil
