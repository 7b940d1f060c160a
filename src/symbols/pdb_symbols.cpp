// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/utf.h"
#include "names/names.h"
#include "pdb/pdb.h"
#include "symbols/symbol_file.h"

namespace vigil::symbols {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kGuidDigits = 32;

/// The file of a build is rewritten by tools that change it, each time with a greater age: the GUID
/// tells builds apart.
bool is_of(const pdb::Identity& identity, std::string_view debug_id) {
  const auto ours = pdb::debug_id(identity);
  return debug_id.size() > kGuidDigits &&
         ascii_lower(debug_id.substr(0, kGuidDigits)) == ascii_lower(ours.substr(0, kGuidDigits));
}

/// The compiler names each anonymous namespace by a number of its own: `?A0xc3a0617d::crash`.
std::string without_namespace_numbers(std::string name) {
  constexpr std::string_view kNumbered = "?A0x", kScope = "::";
  for (auto at = name.find(kNumbered); at != std::string::npos; at = name.find(kNumbered, at + 1)) {
    const auto end = name.find(kScope, at);
    if (end == std::string::npos) break;
    name.replace(at, end - at, "`anonymous namespace'");
  }
  return name;
}

class PdbSymbols final : public SymbolFile {
 public:
  PdbSymbols(fs::path path,
             std::unique_ptr<platform::MappedFile> bytes,
             pdb::Pdb pdb,
             std::string_view debug_id)
      : SymbolFile(std::move(path)),
        bytes_(std::move(bytes)),
        pdb_(std::move(pdb)),
        known_notes_(pdb_.diagnostics().notes().size()),
        exact_(ascii_lower(pdb::debug_id(pdb_.identity())) == ascii_lower(debug_id)) {}

  [[nodiscard]] SymbolSource source() const noexcept override { return SymbolSource::Pdb; }

  [[nodiscard]] std::optional<Symbol> locate(std::uint32_t rva) override {
    auto found = pdb_.locate(rva);
    if (!found || found->places.empty()) return std::nullopt;
    Symbol symbol{.decorated = found->is_public ? found->function : std::string(),
                  .offset = rva - found->rva,
                  .source = SymbolSource::Pdb,
                  .certain = found->certain};
    for (auto& place : found->places) {
      symbol.inlined.push_back({without_namespace_numbers(std::move(place.function)),
                                std::move(place.file), place.line});
    }
    symbol.place = std::move(symbol.inlined.back());
    symbol.inlined.pop_back();
    if (found->is_public) symbol.place.function = names::undecorate(symbol.place.function);
    return symbol;
  }

  [[nodiscard]] std::optional<breakpad::CfiRules> cfi_rules(std::uint32_t) override {
    return std::nullopt;  // of x64 and ARM64 the image says it
  }

  [[nodiscard]] std::optional<breakpad::WinFrame> win_frame(std::uint32_t rva) override {
    auto found = pdb_.frame_data(rva);
    if (!found) return std::nullopt;
    program_ = std::move(found->program);
    return breakpad::WinFrame{.rva = found->rva,
                              .size = found->size,
                              .prologue_size = found->prologue,
                              .params_size = found->params,
                              .saved_registers_size = found->saved_registers,
                              .locals_size = found->locals,
                              .max_stack_size = found->stack_max,
                              .program = program_,
                              .uses_base_pointer = found->uses_base_pointer};
  }

  [[nodiscard]] bool describes_types() const noexcept override { return exact_; }

  [[nodiscard]] std::optional<std::uint32_t> find_global(std::string_view name) override {
    return exact_ ? pdb_.find_name(name) : std::nullopt;
  }

  [[nodiscard]] std::optional<FieldPlace> find_field(std::string_view type,
                                                     std::string_view path) override {
    const auto member = exact_ ? pdb_.find_member(type, path) : std::nullopt;
    if (!member) return std::nullopt;
    return FieldPlace{.offset = member->offset, .size = member->size};
  }

  [[nodiscard]] std::optional<std::uint64_t> type_size(std::string_view type) override {
    return exact_ ? pdb_.type_size(type) : std::nullopt;
  }

  /// What it lacks from the start, as old and stripped ones do, is no loss.
  [[nodiscard]] std::vector<std::string> losses() const override {
    const auto& notes = pdb_.diagnostics().notes();
    return {notes.begin() + static_cast<std::ptrdiff_t>(known_notes_), notes.end()};
  }

 private:
  std::unique_ptr<platform::MappedFile> bytes_;
  pdb::Pdb pdb_;
  std::size_t known_notes_;  // when it was opened
  bool exact_;               // of the very build, by age too
  std::string program_;      // of the last win_frame()
};

}  // namespace

Result<std::unique_ptr<SymbolFile>> open_pdb(const fs::path& path, std::string_view debug_id) {
  VIGIL_TRY_ASSIGN(auto bytes, platform::MappedFile::open(path));
  const auto name = utf8_from_path(path);
  auto pdb = pdb::Pdb::open(*bytes);
  if (!pdb.ok()) return std::move(pdb).take_error().with_context(name);
  if (!is_of(pdb->identity(), debug_id)) {
    return Error{Errc::Malformed, fmt::format("{} is of another build: {}, and the dump has {}",
                                              name, pdb::debug_id(pdb->identity()), debug_id)};
  }
  return std::unique_ptr<SymbolFile>(
      std::make_unique<PdbSymbols>(path, std::move(bytes), std::move(pdb).take(), debug_id));
}

}  // namespace vigil::symbols
