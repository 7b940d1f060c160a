// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "names/names.h"
#include "symbols/symbols.h"

namespace vigil::symbols {
namespace {

/// Where no table says how far a function reaches, an export is not taken to name code further
/// behind.
constexpr std::uint64_t kMaxUncertainBytes = 0x1000;

struct Reach {
  std::uint64_t begin = 0;  ///< An export below this is of another function.
  bool certain = false;
};

/// From where on an export would be of the function at \p offset.
Reach reach_of(const image::PeImage& image, std::uint64_t offset) {
  if (const auto function = image.find_function(offset)) return {function->begin, true};
  const std::uint64_t uncertain = offset > kMaxUncertainBytes ? offset - kMaxUncertainBytes : 0;
  // Leaf functions have no entry and lie between those that do.
  if (const auto before = image.nearest_function(offset))
    return {std::max<std::uint64_t>(before->end, uncertain), false};
  if (const auto arm64 = image.nearest_arm64_function(offset)) return {arm64->begin, false};
  return {uncertain, false};
}

/// A part of a function that was moved away from it has the function's name when it lies behind.
std::optional<image::Export> export_of_primary(const image::PeImage& image,
                                               const image::ExportTable& exports,
                                               std::uint64_t offset) {
  const auto part = image.find_function(offset);
  if (!part) return std::nullopt;
  const auto primary = image.primary_function(*part);
  if (primary.begin == part->begin || primary.begin > offset) return std::nullopt;
  auto found = exports.nearest_code(primary.begin);
  return found && found->rva == primary.begin ? found : std::nullopt;
}

}  // namespace

std::string_view to_string(SymbolSource source) noexcept {
  switch (source) {
    case SymbolSource::Exports: return "exports";
    case SymbolSource::Sym: return "sym";
    case SymbolSource::Pdb: return "pdb";
  }
  return "unknown";
}

const image::ExportTable* Symbolizer::exports(std::size_t module, const image::PeImage& image) {
  if (module >= exports_.size()) exports_.resize(module + 1);
  auto& known = exports_[module];
  if (!known) known = read(module, image);
  return known->ok() ? &**known : nullptr;
}

Result<image::ExportTable> Symbolizer::read(std::size_t module, const image::PeImage& image) {
  VIGIL_TRY_ASSIGN(const auto entries, image::count_exports(image));
  if (entries > entries_left_) {
    left_out_.push_back(module);
    return Error{Errc::LimitExceeded, "exports: no room for more of them"};
  }
  entries_left_ -= entries;
  return image::ExportTable::read(image);
}

std::optional<Symbol> Symbolizer::name(std::size_t module, std::uint64_t offset) {
  if (files_ != nullptr && offset <= std::numeric_limits<std::uint32_t>::max()) {
    if (auto symbol = files_->locate(module, static_cast<std::uint32_t>(offset))) return symbol;
  }
  return name_by_exports(module, offset);
}

std::optional<Symbol> Symbolizer::name_by_exports(std::size_t module, std::uint64_t offset) {
  const auto* image = images_.image(module);
  if (image == nullptr) return std::nullopt;
  const auto* table = exports(module, *image);
  if (table == nullptr) return std::nullopt;
  const auto reach = reach_of(*image, offset);
  auto found = table->nearest_code(offset);
  if (!found || found->rva < reach.begin) found = export_of_primary(*image, *table, offset);
  if (!found) return std::nullopt;
  Symbol symbol{.place = {.function = names::undecorate(found->name)},
                .decorated = std::move(found->name),
                .offset = offset - found->rva,
                .source = SymbolSource::Exports,
                .certain = reach.certain};
  if (symbol.decorated.empty()) symbol.place.function = fmt::format("Ordinal{}", found->ordinal);
  return symbol;
}

}  // namespace vigil::symbols
