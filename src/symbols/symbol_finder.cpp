// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <utility>

#include "symbols/stored_file.h"
#include "symbols/symbol_file.h"

namespace vigil::symbols {
namespace {

namespace fs = std::filesystem;

/// Where a store keeps a file: by its name and identity in two tiers or three, or just by its name.
enum class Layout : std::uint8_t { TwoTiers, ThreeTiers, Flat };

/// The path of \p file under \p root; empty when it is not there.
fs::path find_in(Folders& folders,
                 const fs::path& root,
                 Layout layout,
                 const SymbolName& name,
                 std::string_view file) {
  constexpr std::size_t kTierName = 2;
  const auto tier = std::string_view(name.debug_file).substr(0, kTierName);
  switch (layout) {
    case Layout::TwoTiers: return folders.find(root, {name.debug_file, name.debug_id, file});
    case Layout::ThreeTiers:
      return folders.find(root, {tier, name.debug_file, name.debug_id, file});
    case Layout::Flat: return folders.find(root, {file});
  }
  return {};
}

/// The first of the places that \p open takes.
template <class Open>
std::unique_ptr<SymbolFile> find_file(Folders& folders,
                                      const SymbolName& name,
                                      std::string_view file,
                                      std::vector<std::string>& refused,
                                      const Open& open) {
  for (const auto& root : folders.roots()) {
    for (const auto layout : {Layout::TwoTiers, Layout::ThreeTiers, Layout::Flat}) {
      const auto path = find_in(folders, root, layout, name, file);
      if (path.empty()) continue;
      auto opened = open(path);
      if (opened.ok()) return std::move(opened).take();
      refused.push_back(opened.error().message());
    }
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<SymbolFile> find_pdb(Folders& folders,
                                     const SymbolName& name,
                                     const fs::path& cache,
                                     std::vector<std::string>& refused) {
  const auto open = [&](const fs::path& path) { return open_pdb(path, name.debug_id); };
  auto found = find_file(folders, name, name.debug_file, refused, open);
  if (found != nullptr) return found;
  const auto take = [&](const fs::path& path) {
    auto opened = open(path);
    if (!opened.ok()) {
      refused.push_back(opened.error().message());
      return false;
    }
    found = std::move(opened).take();
    return true;
  };
  return open_substitute(folders, {name.debug_file, name.debug_id}, cache, refused, take)
             ? std::move(found)
             : nullptr;
}

std::unique_ptr<SymbolFile> find_sym(Folders& folders,
                                     const SymbolName& name,
                                     IndexCache& cache,
                                     std::vector<std::string>& refused) {
  return find_file(folders, name, sym_file_name(name.debug_file), refused,
                   [&](const fs::path& path) { return open_sym(path, name.debug_id, cache); });
}

}  // namespace vigil::symbols
