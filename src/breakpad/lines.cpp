// SPDX-License-Identifier: Apache-2.0
#include "breakpad/lines.h"

#include <algorithm>
#include <utility>

namespace vigil::breakpad {
namespace {

/// Most records are that long, with the lines that belong to them.
constexpr std::size_t kFirstRead = 512;
constexpr std::size_t kNextReads = 4096;

}  // namespace

std::optional<std::string_view> Lines::next() {
  auto end = there_.find('\n');
  while (end == std::string_view::npos && there_.size() <= kMaxLineBytes) {
    const auto searched = there_.size();
    const auto wanted = std::exchange(is_first_read_, false) ? kFirstRead : kNextReads;
    there_ = text_.view(offset_, std::max(wanted, 2 * searched));
    if (there_.size() <= searched) break;  // the last line of a text need not end
    end = there_.find('\n', searched);
  }
  const bool is_last = end == std::string_view::npos;
  if (is_last) end = there_.size();
  if (end > kMaxLineBytes || (is_last && end == 0)) return std::nullopt;
  auto line = there_.substr(0, end);
  const auto used = is_last ? end : end + 1;
  there_.remove_prefix(used);
  offset_ += used;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace vigil::breakpad
