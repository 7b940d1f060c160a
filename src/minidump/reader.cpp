// SPDX-License-Identifier: Apache-2.0
#include "minidump/reader.h"

#include "base/utf.h"

namespace vigil::minidump {
namespace {

/// The longest path that Windows knows, in bytes of UTF-16.
constexpr std::uint64_t kMaxStringBytes = 32'767 * 2;
/// Text of all names of one dump: 5,000 modules with paths of 100 characters have a quarter of it.
constexpr std::uint64_t kMaxTextBytes = std::uint64_t{4} << 20;

constexpr bool is_plain(unsigned unit) {
  return unit >= 0x20 && unit < 0x7f;
}

/// Most names are ASCII, and a dump has thousands: those need no decoder. Nothing for any other.
std::optional<std::string> plain_ascii(ByteView utf16) {
  const auto bytes = utf16.bytes();
  if (bytes.size() % sizeof(char16_t) != 0) return std::nullopt;
  std::string text(bytes.size() / sizeof(char16_t), '\0');
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto unit = std::to_integer<unsigned>(bytes[2 * i]);
    if (bytes[2 * i + 1] != std::byte{0} || !is_plain(unit)) return std::nullopt;
    text[i] = static_cast<char>(unit);
  }
  return text;
}

std::string one_line_of_utf16(ByteView bytes) {
  if (auto plain = plain_ascii(bytes)) return *std::move(plain);
  return one_line(utf8_from_utf16_bytes(bytes).text);
}

}  // namespace

std::string one_line(std::string_view text) {
  const auto plain = [](char c) { return is_plain(static_cast<unsigned char>(c)); };
  if (std::ranges::all_of(text, plain)) return std::string(text);
  auto line = printable_utf8(text);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return line;
}

Status Reader::spend_text(std::uint64_t bytes) {
  if (bytes > kMaxTextBytes - text_spent_) {
    return Error{Errc::LimitExceeded,
                 fmt::format("text of this dump passes {} bytes in all", kMaxTextBytes)};
  }
  text_spent_ += bytes;
  return {};
}

Result<ByteView> Reader::counted_bytes_at(std::uint64_t rva) {
  constexpr std::uint64_t kLengthBytes = 4;
  VIGIL_TRY_ASSIGN(const auto head, file_.view(rva, kLengthBytes));
  const std::uint64_t size = *head.read<std::uint32_t>(0);
  if (size > kMaxStringBytes) {
    return Error{Errc::LimitExceeded,
                 fmt::format("{} bytes of text at offset {:#x}, and the limit is {}", size, rva,
                             kMaxStringBytes)};
  }
  return file_.view(rva + kLengthBytes, size);
}

Result<std::string> Reader::string_at(std::uint64_t rva) {
  VIGIL_TRY_ASSIGN(const auto bytes, counted_bytes_at(rva));
  VIGIL_TRY(spend_text(bytes.size()));
  return one_line_of_utf16(bytes);
}

Result<std::string> Reader::wide_field(ByteView field) {
  std::uint64_t size = 0;
  while (field.contains(size, sizeof(char16_t)) && *field.read<std::uint16_t>(size) != 0)
    size += sizeof(char16_t);
  VIGIL_TRY(spend_text(size));
  return one_line_of_utf16(field.clamp(0, size));
}

Result<std::string> Reader::narrow_text(std::string_view bytes) {
  VIGIL_TRY(spend_text(bytes.size()));
  return one_line(bytes);
}

std::uint64_t usable_records(Reader& reader,
                             std::string_view list,
                             std::uint64_t claimed,
                             ByteView bytes,
                             std::uint64_t stride,
                             std::uint64_t limit) {
  const auto there = bytes.size() / stride;
  if (claimed > there) {
    reader.note(fmt::format("{}: claims {} records of {} bytes, and {} fit in the {} bytes there",
                            list, claimed, stride, there, bytes.size()));
  }
  const auto usable = std::min(claimed, there);
  if (usable <= limit) return usable;
  reader.note(fmt::format("{}: {} records, and the first {} are read", list, usable, limit));
  return limit;
}

}  // namespace vigil::minidump
