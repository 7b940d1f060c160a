// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "image/format.h"
#include "image/image.h"

namespace vigil::image {
namespace {

/// Name ordinals are 16 bits wide, and so are the numbers that a program can import by.
constexpr std::uint32_t kMaxExports = 0x10000;
/// Microsoft's compiler cuts decorated names off at 4096 characters.
constexpr std::uint64_t kMaxExportNameBytes = 4096;

/// The three tables of an export directory, as far as they are there.
struct Tables {
  std::uint32_t ordinal_base = 0;
  RawArray<std::uint32_t> functions;
  RawArray<std::uint32_t> names;
  RawArray<std::uint16_t> name_indexes;
};

template <Raw T>
Result<RawArray<T>> table(const PeImage& image, std::uint32_t rva, std::uint32_t count) {
  if (count > kMaxExports) {
    return Error{Errc::LimitExceeded,
                 fmt::format("exports: {} entries, and the limit is {}", count, kMaxExports)};
  }
  return image.at(rva, count * sizeof(T)).template read_array<T>(0, count);
}

Result<Tables> read_tables(const PeImage& image) {
  const auto range = image.directory(Directory::Exports);
  if (range.size == 0) return Error{Errc::NotFound, "exports: the image has none"};
  VIGIL_TRY_ASSIGN(
      const auto directory,
      image.at(range.rva, sizeof(format::ExportDirectory)).read<format::ExportDirectory>(0));
  Tables tables;
  tables.ordinal_base = directory.base;
  VIGIL_TRY_ASSIGN(tables.functions, table<std::uint32_t>(image, directory.address_of_functions,
                                                          directory.number_of_functions));
  auto names = table<std::uint32_t>(image, directory.address_of_names, directory.number_of_names);
  auto indexes =
      table<std::uint16_t>(image, directory.address_of_name_ordinals, directory.number_of_names);
  if (names.ok() && indexes.ok()) {
    tables.names = *names;
    tables.name_indexes = *indexes;
  }
  return tables;
}

/// A function whose RVA lies in the export directory itself is the name of a function elsewhere.
bool is_forwarder(const DirectoryRange& range, std::uint32_t rva) {
  return rva >= range.rva && rva - range.rva < range.size;
}

Export export_from(const PeImage& image, std::uint32_t rva, std::uint32_t ordinal) {
  Export result{.name = {}, .forwarder = {}, .ordinal = ordinal, .rva = rva};
  if (is_forwarder(image.directory(Directory::Exports), rva)) {
    result.forwarder = image.string_at(rva, kMaxExportNameBytes).value_or("");
    result.rva = 0;
  }
  return result;
}

}  // namespace

Result<std::size_t> count_exports(const PeImage& image) {
  VIGIL_TRY_ASSIGN(const auto tables, read_tables(image));
  return static_cast<std::size_t>(tables.functions.size() + tables.names.size());
}

Result<ExportTable> ExportTable::read(const PeImage& image) {
  VIGIL_TRY_ASSIGN(const auto tables, read_tables(image));
  ExportTable result(image);
  result.ordinal_base_ = tables.ordinal_base;
  std::vector<std::uint32_t> name_of(tables.functions.size());
  for (std::uint64_t i = tables.names.size(); i-- > 0;) {  // the first of several names stays
    const auto index = tables.name_indexes[i];
    if (index < name_of.size()) name_of[index] = tables.names[i];
  }
  for (std::uint32_t i = 0; i < tables.functions.size(); ++i) {
    const auto rva = tables.functions[i];
    if (rva != 0) result.entries_.push_back({.rva = rva, .name_rva = name_of[i], .index = i});
  }
  // Linkers store names in order of their spelling, so the smaller name RVA is the smaller name.
  const auto order = [](const Entry& e) {
    return std::tuple(e.rva, e.name_rva == 0, e.name_rva, e.index);
  };
  std::sort(result.entries_.begin(), result.entries_.end(),
            [&](const Entry& a, const Entry& b) { return order(a) < order(b); });
  result.index_code();
  return result;
}

void ExportTable::index_code() {
  const auto range = image_->directory(Directory::Exports);
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    const auto rva = entries_[i].rva;
    const bool alias = i > 0 && entries_[i - 1].rva == rva;
    if (!alias && image_->is_code(rva) && !is_forwarder(range, rva)) code_.push_back(i);
  }
}

Export ExportTable::at(std::size_t index) const {
  VIGIL_CHECK(index < entries_.size());
  const Entry& entry = entries_[index];
  Export result = export_from(*image_, entry.rva, ordinal_base_ + entry.index);
  if (entry.name_rva != 0)
    result.name = image_->string_at(entry.name_rva, kMaxExportNameBytes).value_or("");
  return result;
}

std::optional<Export> ExportTable::nearest_code(std::uint64_t rva) const {
  const auto next = std::upper_bound(
      code_.begin(), code_.end(), rva,
      [&](std::uint64_t value, std::uint32_t i) { return value < entries_[i].rva; });
  if (next == code_.begin()) return std::nullopt;
  return at(*std::prev(next));
}

std::optional<Export> find_export(const PeImage& image, std::string_view name) {
  const auto tables = read_tables(image);
  if (!tables.ok()) return std::nullopt;
  // One character more than there is to compare tells longer names apart, however long they are.
  const auto compared = std::min<std::uint64_t>(name.size() + 1, kMaxExportNameBytes);
  std::uint64_t low = 0;
  std::uint64_t high = tables->names.size();
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    const auto candidate = image.prefix_at(tables->names[middle], compared);
    if (!candidate) return std::nullopt;
    if (*candidate == name) {
      const auto index = tables->name_indexes[middle];
      if (index >= tables->functions.size()) return std::nullopt;
      Export result = export_from(image, tables->functions[index], tables->ordinal_base + index);
      result.name = *candidate;
      return result;
    }
    if (*candidate < name) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return std::nullopt;
}

}  // namespace vigil::image
