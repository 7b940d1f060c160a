// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/physical.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "kerneldump/fields.h"

namespace vigil::kerneldump {
namespace {

constexpr std::uint64_t kBitsPerByte = 8;
/// Of 52 bits of physical address: file offsets stay far from their end.
constexpr std::uint64_t kMaxPages = std::uint64_t{1} << 40;

/// Set bits of \p bytes.
std::uint64_t count_bits(ByteView bytes) {
  constexpr std::uint64_t kWord = sizeof(std::uint64_t);
  const auto words = bytes.size() / kWord;
  const auto array = bytes.read_array<std::uint64_t>(0, words);
  std::uint64_t sum = 0;
  if (array.ok()) {
    for (std::uint64_t i = 0; i < words; ++i)
      sum += static_cast<std::uint64_t>(std::popcount((*array)[i]));
  }
  for (const auto rest : bytes.clamp(words * kWord, kWord).bytes())
    sum += static_cast<std::uint64_t>(std::popcount(std::to_integer<std::uint8_t>(rest)));
  return sum;
}

}  // namespace

RunPages::RunPages(const std::vector<PageRun>& runs, std::uint64_t first_page)
    : first_page_(first_page) {
  runs_.reserve(runs.size());
  for (const auto& run : runs) {
    if (run.count == 0) continue;
    if (run.count > kMaxPages - pages_) break;
    runs_.push_back({run.first, run.count, pages_});
    pages_ += run.count;
  }
  std::ranges::sort(runs_, [](const Run& a, const Run& b) {
    return std::pair(a.first, a.before) < std::pair(b.first, b.before);
  });
}

std::optional<std::uint64_t> RunPages::offset_of(std::uint64_t pfn) {
  const auto behind = std::ranges::upper_bound(runs_, pfn, {}, &Run::first);
  if (behind == runs_.begin()) return std::nullopt;
  const auto& run = *std::prev(behind);
  if (pfn - run.first >= run.count) return std::nullopt;
  return first_page_ + (run.before + (pfn - run.first)) * kPageBytes;
}

std::uint64_t RunPages::end() const noexcept {
  return first_page_ + pages_ * kPageBytes;
}

BitmapPages::BitmapPages(ByteSource& file,
                         std::uint64_t bitmap,
                         std::uint64_t bits,
                         std::uint64_t first_page,
                         std::uint64_t present)
    : file_(file), bitmap_(bitmap), bits_(bits), first_page_(first_page), present_(present) {
  ranks_.push_back(0);
}

ByteView BitmapPages::block_bytes(std::uint64_t block) {
  constexpr auto kBlockBytes = kBitsPerRank / kBitsPerByte;
  const auto from = block * kBlockBytes;
  const auto all = (bits_ + kBitsPerByte - 1) / kBitsPerByte;
  return from >= all ? ByteView{} : file_.clamp(bitmap_ + from, std::min(kBlockBytes, all - from));
}

std::uint64_t BitmapPages::rank_before(std::uint64_t block) {
  while (ranks_.size() <= block)
    ranks_.push_back(ranks_.back() + count_bits(block_bytes(ranks_.size() - 1)));
  return ranks_[static_cast<std::size_t>(block)];
}

std::optional<std::uint64_t> BitmapPages::offset_of(std::uint64_t pfn) {
  if (pfn >= bits_) return std::nullopt;
  const auto block = pfn / kBitsPerRank, bit = pfn % kBitsPerRank;
  const auto bytes = block_bytes(block);
  const auto byte = bytes.read<std::uint8_t>(bit / kBitsPerByte);
  if (!byte.ok() || (*byte >> (bit % kBitsPerByte) & 1) == 0) return std::nullopt;
  const auto below = static_cast<std::uint8_t>(*byte & ((1U << (bit % kBitsPerByte)) - 1));
  const auto rank = rank_before(block) + count_bits(bytes.clamp(0, bit / kBitsPerByte)) +
                    static_cast<std::uint64_t>(std::popcount(below));
  return first_page_ + rank * kPageBytes;
}

}  // namespace vigil::kerneldump
