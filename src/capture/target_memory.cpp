// SPDX-License-Identifier: Apache-2.0
#include "capture/target_memory.h"

#include <algorithm>
#include <limits>

namespace vigil::capture {
namespace {

constexpr std::uint64_t kLastAddress = std::numeric_limits<std::uint64_t>::max();

/// How many of \p size bytes from \p address on lie before the next multiple of \p step.
std::uint64_t up_to_boundary(std::uint64_t address, std::uint64_t size, std::uint64_t step) {
  return std::min(size, step - address % step);
}

}  // namespace

std::vector<std::byte> TargetMemory::read_up_to(std::uint64_t address, std::uint64_t size) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::min(size, kLastAddress - address)));
  if (read(address, bytes)) return bytes;
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto step =
        static_cast<std::size_t>(up_to_boundary(address + done, bytes.size() - done, kPageBytes));
    if (!read(address + done, std::span(bytes).subspan(done, step))) break;
    done += step;
  }
  bytes.resize(done);
  return bytes;
}

std::u16string TargetMemory::read_unicode_string(std::uint64_t address, std::size_t max_units) {
  struct UnicodeString {
    std::uint16_t length;
    std::uint16_t maximum_length;
    std::uint32_t padding;
    std::uint64_t buffer;
  };
  const auto header = read_value<UnicodeString>(address);
  if (!header) return {};
  std::u16string text(std::min<std::size_t>(header->length / sizeof(char16_t), max_units), u'\0');
  if (!read(header->buffer, std::as_writable_bytes(std::span(text)))) return {};
  return text;
}

std::uint64_t read_or_zero(TargetMemory& memory, std::uint64_t address, std::span<std::byte> out) {
  std::uint64_t zeroed = 0;
  std::size_t done = 0;
  std::size_t step = out.size();
  while (done < out.size()) {
    const auto part = out.subspan(done, std::min(step, out.size() - done));
    if (memory.read(address + done, part)) {
      done += part.size();
      step = out.size();
      continue;
    }
    const auto page =
        static_cast<std::size_t>(up_to_boundary(address + done, part.size(), kPageBytes));
    if (part.size() <= page) {
      std::ranges::fill(part, std::byte{0});
      zeroed += part.size();
      done += part.size();
      step = out.size();
    } else {
      step = std::max(part.size() / 2 / kPageBytes * kPageBytes, page);
    }
  }
  return zeroed;
}

bool PatchedMemory::read(std::uint64_t address, std::span<std::byte> out) {
  if (!beneath_.read(address, out)) return false;
  for (auto patch = patches_.lower_bound(address);
       patch != patches_.end() && patch->first - address < out.size(); ++patch) {
    out[static_cast<std::size_t>(patch->first - address)] = patch->second;
  }
  return true;
}

CopiedMemory::CopiedMemory(TargetMemory& source, std::span<const MemoryRange> ranges) {
  for (const auto& range : ranges) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(range.size));
    unreadable_bytes_ += read_or_zero(source, range.base, bytes);
    copies_.emplace(range.base, std::move(bytes));
  }
}

bool CopiedMemory::read(std::uint64_t address, std::span<std::byte> out) {
  const auto above = copies_.upper_bound(address);
  if (above == copies_.begin()) return false;
  const auto& [base, bytes] = *std::prev(above);
  const ByteView copy{std::span<const std::byte>(bytes)};
  const auto found = copy.slice(address - base, out.size());
  if (!found.ok()) return false;
  std::ranges::copy(found->bytes(), out.begin());
  return true;
}

}  // namespace vigil::capture
