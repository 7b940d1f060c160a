// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "symbols/library.h"
#include "symbols/symbol_file.h"
#include "symbols/symbols.h"

namespace vigil::symbols {

Library::Library(SymbolPaths paths) : impl_(std::make_unique<Impl>(std::move(paths))) {}
Library::~Library() = default;
std::chrono::nanoseconds Library::indexing_time() const noexcept {
  return impl_->indexes.spent;
}

namespace {

/// A file that is looked for when it is first needed.
struct LazyFile {
  bool searched = false;
  SymbolFile* file = nullptr;
};

/// Looks in what is open already, then for the file, by \p find. Null when there are too many.
template <class Opened, class Find>
const Opened* open_once(std::map<SymbolName, Opened>& known,
                        const SymbolName& name,
                        const Find& find) {
  auto entry = known.find(name);
  if (entry == known.end()) {
    if (known.size() >= Library::kMaxOpenFiles) return nullptr;
    entry = known.emplace(name, Opened{}).first;
    entry->second.file = find(entry->second.refused);
  }
  return &entry->second;
}

}  // namespace

struct SymbolFiles::Slot {
  std::optional<SymbolName> name;
  LazyFile pdb, sym;
  SymbolState state;

  template <class Opened>
  void use(LazyFile& slot, const Opened* opened) {
    if (opened == nullptr) {
      state.refused.push_back(fmt::format("a symbol file was not looked for: there are {} already",
                                          Library::kMaxOpenFiles));
      return;
    }
    slot.file = opened->file.get();
    state.refused.insert(state.refused.end(), opened->refused.begin(), opened->refused.end());
    if (slot.file == nullptr || state.source) return;
    state.source = slot.file->source();
    state.file = slot.file->path();
  }
};

SymbolFiles::SymbolFiles(const std::vector<snapshot::Module>& modules,
                         Library& library,
                         image::ImageSource* images)
    : modules_(modules), library_(library), images_(images), slots_(modules.size()) {
  library.impl_->make_room();
}
SymbolFiles::~SymbolFiles() = default;

const SymbolName& SymbolFiles::name(std::size_t index) {
  auto& slot = slots_[index];
  if (slot.name) return *slot.name;
  const auto& module = modules_[index];
  slot.name = SymbolName{std::string(windows_file_name(module.debug_file)), module.debug_id};
  if (!module.debug_id.empty() || images_ == nullptr) return *slot.name;
  const auto* image = images_->image(index);
  const auto record = image == nullptr ? std::nullopt : image::read_codeview(*image);
  if (!record) return *slot.name;
  slot.state.debug_file = windows_file_name(record->debug_file);
  slot.state.debug_id = record->debug_id;
  slot.name = SymbolName{slot.state.debug_file, slot.state.debug_id};
  return *slot.name;
}

SymbolFile* SymbolFiles::pdb(std::size_t index) {
  VIGIL_CHECK(index < slots_.size());
  auto& slot = slots_[index];
  if (std::exchange(slot.pdb.searched, true)) return slot.pdb.file;
  auto& library = *library_.impl_;
  slot.use(slot.pdb, open_once(library.pdbs, name(index), [&](std::vector<std::string>& refused) {
             return find_pdb(library.folders, name(index), library.paths.index_cache, refused);
           }));
  return slot.pdb.file;
}

SymbolFile* SymbolFiles::sym(std::size_t index) {
  VIGIL_CHECK(index < slots_.size());
  auto& slot = slots_[index];
  if (std::exchange(slot.sym.searched, true)) return slot.sym.file;
  auto& library = *library_.impl_;
  slot.use(slot.sym, open_once(library.syms, name(index), [&](std::vector<std::string>& refused) {
             return find_sym(library.folders, name(index), library.indexes, refused);
           }));
  return slot.sym.file;
}

const SymbolState& SymbolFiles::state(std::size_t index) const {
  VIGIL_CHECK(index < slots_.size());
  return slots_[index].state;
}

std::vector<std::string> SymbolFiles::losses(std::size_t index) const {
  VIGIL_CHECK(index < slots_.size());
  std::vector<std::string> result;
  for (const auto* file : {slots_[index].pdb.file, slots_[index].sym.file}) {
    if (file == nullptr) continue;
    for (const auto& loss : file->losses())
      result.push_back(fmt::format("{}: {}", utf8_from_path(file->path()), loss));
  }
  return result;
}

std::optional<Symbol> SymbolFiles::locate(std::size_t index, std::uint32_t rva) {
  auto* found = pdb(index);
  if (found == nullptr) found = sym(index);
  return found == nullptr ? std::nullopt : found->locate(rva);
}

bool SymbolFiles::describes_types(std::size_t index) {
  const auto* found = pdb(index);
  return found != nullptr && found->describes_types();
}

std::optional<std::uint32_t> SymbolFiles::find_global(std::size_t index, std::string_view name) {
  auto* found = pdb(index);
  return found == nullptr ? std::nullopt : found->find_global(name);
}

std::optional<FieldPlace> SymbolFiles::find_field(std::size_t index,
                                                  std::string_view type,
                                                  std::string_view path) {
  auto* found = pdb(index);
  return found == nullptr ? std::nullopt : found->find_field(type, path);
}

std::optional<std::uint64_t> SymbolFiles::type_size(std::size_t index, std::string_view type) {
  auto* found = pdb(index);
  return found == nullptr ? std::nullopt : found->type_size(type);
}

std::optional<breakpad::CfiRules> SymbolFiles::cfi_rules(std::size_t index, std::uint32_t rva) {
  auto* found = sym(index);
  return found == nullptr ? std::nullopt : found->cfi_rules(rva);
}

std::optional<breakpad::WinFrame> SymbolFiles::win_frame(std::size_t index, std::uint32_t rva) {
  auto* found = pdb(index);
  if (found == nullptr) found = sym(index);
  return found == nullptr ? std::nullopt : found->win_frame(rva);
}

}  // namespace vigil::symbols
