// SPDX-License-Identifier: Apache-2.0
#include "capture/redact.h"

#include <algorithm>
#include <array>

#include "capture/ranges.h"

namespace vigil::capture {
namespace {

constexpr std::uint64_t kWordBytes = 8;

bool holds(std::span<const MemoryRange> ranges, std::uint64_t address) {
  const auto above = std::ranges::upper_bound(ranges, address, {}, &MemoryRange::base);
  return above != ranges.begin() && address - std::prev(above)->base < std::prev(above)->size;
}

char16_t lower(char16_t unit) {
  return unit >= u'A' && unit <= u'Z' ? static_cast<char16_t>(unit + (u'a' - u'A')) : unit;
}

std::u16string lower(std::u16string_view text) {
  std::u16string result(text);
  std::ranges::transform(result, result.begin(), [](char16_t unit) { return lower(unit); });
  return result;
}

}  // namespace

bool FilteredMemory::read(std::uint64_t address, std::span<std::byte> out) {
  if (!beneath_.read(address, out)) return false;
  std::vector<MemoryRange> parts;
  add_clipped({address, out.size()}, stacks_, parts);
  for (const auto& part : parts) {
    filter(part.base, out.subspan(static_cast<std::size_t>(part.base - address),
                                  static_cast<std::size_t>(part.size)));
  }
  return true;
}

/// A word that stands only in part among \p words is not kept.
void FilteredMemory::filter(std::uint64_t address, std::span<std::byte> words) const {
  const auto head = static_cast<std::size_t>(
      std::min<std::uint64_t>((kWordBytes - address % kWordBytes) % kWordBytes, words.size()));
  std::ranges::fill(words.first(head), std::byte{0});
  words = words.subspan(head);
  while (words.size() >= kWordBytes) {
    const auto word = words.first(kWordBytes);
    const auto value = ByteView(std::span<const std::byte>(word)).read<std::uint64_t>(0);
    if (!value.ok() || !holds(kept_, *value)) std::ranges::fill(word, std::byte{0});
    words = words.subspan(kWordBytes);
  }
  std::ranges::fill(words, std::byte{0});
}

std::u16string without_user(std::u16string_view path) {
  constexpr std::array<std::u16string_view, 2> kFolders = {u"\\users\\",
                                                           u"\\documents and settings\\"};
  const auto plain = lower(path);
  for (const auto folder : kFolders) {
    const auto found = plain.find(folder);
    if (found == std::u16string::npos) continue;
    const auto from = found + folder.size();
    const auto to = plain.find(u'\\', from);
    if (to == std::u16string::npos) continue;
    return std::u16string(path.substr(0, from)) + u"(user)" + std::u16string(path.substr(to));
  }
  return std::u16string(path);
}

std::vector<std::byte> without_folder(std::span<const std::byte> codeview) {
  constexpr std::size_t kPathOffset = 24;  // behind the signature, the GUID and the age
  std::vector<std::byte> result(codeview.begin(), codeview.end());
  if (codeview.size() <= kPathOffset) return result;
  const auto is_separator = [](std::byte byte) {
    return byte == std::byte{'\\'} || byte == std::byte{'/'};
  };
  const auto path = result.begin() + kPathOffset;
  const auto last = std::find_if(result.rbegin(), std::make_reverse_iterator(path), is_separator);
  result.erase(path, last.base());
  return result;
}

}  // namespace vigil::capture
