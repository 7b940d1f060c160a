// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/utf.h"
#include "symbols/library.h"
#include "symbols/symbol_file.h"
#include "symbols/symbols.h"

namespace vigil::symbols {

Library::Library(SymbolPaths paths) : impl_(std::make_unique<Impl>(std::move(paths))) {}
Library::~Library() = default;

struct SymbolFiles::Slot {
  bool searched = false;
  SymbolFile* file = nullptr;
  SymbolState state;
};

SymbolFiles::SymbolFiles(const std::vector<snapshot::Module>& modules, Library& library)
    : modules_(modules), library_(library), slots_(modules.size()) {}
SymbolFiles::~SymbolFiles() = default;

SymbolFile* SymbolFiles::file(std::size_t index) {
  VIGIL_CHECK(index < slots_.size());
  auto& slot = slots_[index];
  if (slot.searched) return slot.file;
  slot.searched = true;
  const auto& module = modules_[index];
  const auto name = windows_file_name(module.debug_file);
  if (name.empty() || module.debug_id.empty()) return nullptr;
  auto& library = *library_.impl_;
  const auto key = std::pair(std::string(name), module.debug_id);
  auto known = library.opened.find(key);
  if (known == library.opened.end()) {
    if (library.opened.size() >= Library::kMaxOpenFiles) return nullptr;
    known = library.opened.emplace(key, Library::Impl::Opened{}).first;
    auto& opened = known->second;
    opened.file = find_symbol_file(library.folders, name, module.debug_id,
                                   library.paths.index_cache, opened.refused);
  }
  slot.file = known->second.file.get();
  slot.state.refused = known->second.refused;
  if (slot.file != nullptr) {
    slot.state.source = slot.file->source();
    slot.state.file = slot.file->path();
  }
  return slot.file;
}

const SymbolState& SymbolFiles::state(std::size_t index) const {
  VIGIL_CHECK(index < slots_.size());
  return slots_[index].state;
}

std::optional<Symbol> SymbolFiles::locate(std::size_t index, std::uint32_t rva) {
  auto* found = file(index);
  return found == nullptr ? std::nullopt : found->locate(rva);
}

std::optional<breakpad::CfiRules> SymbolFiles::cfi_rules(std::size_t index, std::uint32_t rva) {
  auto* found = file(index);
  return found == nullptr ? std::nullopt : found->cfi_rules(rva);
}

std::optional<breakpad::WinFrame> SymbolFiles::win_frame(std::size_t index, std::uint32_t rva) {
  auto* found = file(index);
  return found == nullptr ? std::nullopt : found->win_frame(rva);
}

}  // namespace vigil::symbols
