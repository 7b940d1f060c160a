// SPDX-License-Identifier: Apache-2.0
#include "base/utf.h"
#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

/// Comments are written by people and tools for people.
constexpr std::uint64_t kMaxCommentBytes = 64 * 1024;

/// Adds \p text up to its NUL; a dump may have a comment of both kinds.
void append(std::string_view text, std::string& comment) {
  const auto meant = text.substr(0, text.find('\0'));
  if (meant.empty()) return;
  if (!comment.empty()) comment += '\n';
  comment += printable_utf8(meant);
}

Status check_length(ByteView stream) {
  if (stream.size() <= kMaxCommentBytes) return {};
  return Error{Errc::LimitExceeded,
               fmt::format("{} bytes, and the first {} are read", stream.size(), kMaxCommentBytes)};
}

}  // namespace

Status read_narrow_comment(ByteView stream, std::string& comment) {
  append(stream.clamp(0, kMaxCommentBytes).text(), comment);
  return check_length(stream);
}

Status read_wide_comment(ByteView stream, std::string& comment) {
  append(utf8_from_utf16_bytes(stream.clamp(0, kMaxCommentBytes)).text, comment);
  return check_length(stream);
}

}  // namespace vigil::minidump
