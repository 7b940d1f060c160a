// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pdb/sections.h"

/// Searches in sorted tables, which hostile files need not have sorted: then what is found is wrong
/// or nothing, after as many steps.
namespace vigil::pdb {

/// How many entries that begin later and end earlier may lie in front of the one that covers an
/// address. Real tables nest a handful deep.
inline constexpr int kMaxOverlaps = 64;

/// Of \p count entries by place, how many at the front are at or below what is looked for.
template <class AtOrBelow>
[[nodiscard]] std::uint64_t count_up_to(std::uint64_t count, AtOrBelow at_or_below) {
  std::uint64_t first = 0;
  while (count > 0) {
    const std::uint64_t half = count / 2;
    if (at_or_below(first + half)) {
      first += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return first;
}

/// Linkers write most tables in order. \p less must tell any two entries apart.
template <class Entry, class Less>
void sort_unless_sorted(std::vector<Entry>& table, Less less) {
  if (!std::is_sorted(table.begin(), table.end(), less))
    std::sort(table.begin(), table.end(), less);
}

/// The entry of a table sorted by `start` that covers \p at and begins last; of several that begin
/// there (functions that were folded into one) the first. Null without one.
template <class Entry>
[[nodiscard]] const Entry* find_covering(const std::vector<Entry>& table, SectionOffset at) {
  auto next =
      std::upper_bound(table.begin(), table.end(), at,
                       [](SectionOffset place, const Entry& entry) { return place < entry.start; });
  const Entry* found = nullptr;
  for (int i = 0; i < kMaxOverlaps && next != table.begin(); ++i) {
    --next;
    if (next->start.section != at.section) break;
    if (found != nullptr && next->start != found->start) break;
    if (covers(next->start, next->size, at)) found = &*next;
  }
  return found;
}

}  // namespace vigil::pdb
