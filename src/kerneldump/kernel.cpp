// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/kernel.h"

#include <algorithm>
#include <set>

#include "base/utf.h"

namespace vigil::kerneldump {
namespace {

constexpr std::uint64_t kMaxTextBytes = 4096;
constexpr std::uint64_t kLow32 = 0xffffffff;

}  // namespace

std::string one_line(std::string_view text) {
  auto line = printable_utf8(text);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return line;
}

std::optional<std::uint64_t> Kernel::pointer(std::uint64_t address) {
  if (header.is_64bit) return memory.read<std::uint64_t>(address);
  const auto value = memory.read<std::uint32_t>(address & kLow32);
  return value ? std::optional<std::uint64_t>(*value) : std::nullopt;
}

std::optional<std::uint64_t> Kernel::global(std::string_view name) {
  const auto offset = symbols == nullptr ? std::nullopt : symbols->offset_of(name);
  return offset ? std::optional(state.kernel_base + *offset) : std::nullopt;
}

std::optional<std::uint64_t> Kernel::global(std::uint64_t at, std::string_view name) {
  const auto address = debugger.address(at);
  return address ? address : global(name);
}

std::string Kernel::unicode_string(std::uint64_t address) {
  const auto length = read<std::uint16_t>(address);
  const auto buffer = pointer(address + pointer_bytes());
  if (!length || *length == 0 || !buffer || *buffer == 0) return {};
  const auto bytes = memory.at(*buffer, std::min<std::uint64_t>(*length, kMaxTextBytes));
  return one_line(utf8_from_utf16_bytes(bytes.clamp(0, bytes.size() / 2 * 2)).text);
}

std::string Kernel::ascii(std::uint64_t address, std::uint64_t limit) {
  const auto text = memory.at(address, limit).text();
  const auto name = text.substr(0, std::min(text.find('\0'), text.size()));
  const bool printable = std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
  return printable ? std::string(name) : std::string();
}

List read_list(Kernel& kernel, std::uint64_t head, std::uint64_t limit) {
  List list;
  const auto link = kernel.pointer_bytes();
  auto previous = head;
  auto next = kernel.pointer(head);
  const auto may_go_on = [&] {
    if (list.entries.size() >= limit || kernel.list_entries_left == 0) return false;
    --kernel.list_entries_left;
    return true;
  };
  while (next && *next != head && may_go_on()) {
    // An entry that does not point back is damage, or a circle that never comes home.
    if (kernel.pointer(*next + link) != previous) break;
    list.entries.push_back(*next);
    previous = *next;
    next = kernel.pointer(previous);
  }
  list.complete = next == head;
  if (list.complete || list.entries.size() >= limit) return list;
  const auto known = list.entries.size();
  std::set<std::uint64_t> seen(list.entries.begin(), list.entries.end());
  auto behind = kernel.pointer(head + link);
  while (behind && *behind != head && may_go_on() && seen.insert(*behind).second) {
    if (!kernel.pointer(*behind + link)) break;
    list.entries.push_back(*behind);
    behind = kernel.pointer(*behind + link);
  }
  std::reverse(list.entries.begin() + static_cast<std::ptrdiff_t>(known), list.entries.end());
  return list;
}

}  // namespace vigil::kerneldump
