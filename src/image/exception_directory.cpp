// SPDX-License-Identifier: Apache-2.0
#include "image/format.h"
#include "image/image.h"

namespace vigil::image {

/// The last entry whose function begins at or below \p rva. Entries are sorted by the linker; in a
/// table that is not, the search ends all the same and finds nothing useful.
template <Raw Entry>
std::optional<Entry> PeImage::last_entry_from(std::uint64_t rva) const {
  const RawArray<Entry> entries(unwind_table_);
  std::uint64_t low = 0;
  std::uint64_t high = entries.size();
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (entries[middle].begin_address <= rva) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return std::nullopt;
  return entries[low - 1];
}

std::optional<RuntimeFunction> PeImage::nearest_function(std::uint64_t rva) const {
  if (header_.machine != Machine::Amd64) return std::nullopt;
  auto entry = last_entry_from<format::RuntimeFunction>(rva);
  if (!entry) return std::nullopt;
  if ((entry->unwind_info_address & format::kRuntimeFunctionIndirect) != 0) {
    const auto target = entry->unwind_info_address - format::kRuntimeFunctionIndirect;
    const auto real = at(target, sizeof(format::RuntimeFunction)).read<format::RuntimeFunction>(0);
    // One step is all that the format allows.
    if (!real.ok() || (real->unwind_info_address & format::kRuntimeFunctionIndirect) != 0)
      return std::nullopt;
    entry->unwind_info_address = real->unwind_info_address;
  }
  return RuntimeFunction{entry->begin_address, entry->end_address, entry->unwind_info_address};
}

std::optional<RuntimeFunction> PeImage::find_function(std::uint64_t rva) const {
  const auto function = nearest_function(rva);
  if (!function || rva < function->begin || rva >= function->end) return std::nullopt;
  return function;
}

std::optional<RuntimeFunction> PeImage::chained_function(std::uint32_t unwind_info) const {
  const auto header =
      at(unwind_info, sizeof(format::UnwindInfoHeader)).read<format::UnwindInfoHeader>(0);
  if (!header.ok() || (header->version_and_flags & format::kUnwindInfoChained) == 0)
    return std::nullopt;
  const auto codes = (std::uint64_t{header->count_of_codes} + 1) / 2 * 2;
  const auto entry =
      at(std::uint64_t{unwind_info} + sizeof(*header) + codes * 2, sizeof(format::RuntimeFunction))
          .read<format::RuntimeFunction>(0);
  if (!entry.ok()) return std::nullopt;
  return RuntimeFunction{entry->begin_address, entry->end_address, entry->unwind_info_address};
}

RuntimeFunction PeImage::primary_function(const RuntimeFunction& function) const {
  auto current = function;
  for (int i = 0; i < kMaxChainedFunctions; ++i) {
    const auto next = chained_function(current.unwind_info);
    if (!next) break;
    current = *next;
  }
  return current;
}

std::optional<Arm64Function> PeImage::nearest_arm64_function(std::uint64_t rva) const {
  if (header_.machine != Machine::Arm64) return std::nullopt;
  const auto entry = last_entry_from<format::Arm64RuntimeFunction>(rva);
  if (!entry) return std::nullopt;
  return Arm64Function{entry->begin_address, entry->unwind_data};
}

}  // namespace vigil::image
