// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <system_error>

#include "base/utf.h"
#include "symbols/symbol_file.h"

namespace vigil::symbols {
namespace {

namespace fs = std::filesystem;

/// `orders.sym` of `orders.pdb`, as Breakpad's tools name it.
std::string sym_name(std::string_view debug_file) {
  constexpr std::string_view kPdb = ".pdb";
  const bool is_pdb = debug_file.size() > kPdb.size() &&
                      ascii_lower(debug_file.substr(debug_file.size() - kPdb.size())) == kPdb;
  if (is_pdb) debug_file.remove_suffix(kPdb.size());
  return std::string(debug_file) + ".sym";
}

/// The places of one file under \p root: in a store of two tiers or of three, or lying there by its
/// name.
std::array<fs::path, 3> candidates(Folders& folders,
                                   const fs::path& root,
                                   const SymbolName& name,
                                   std::string_view file) {
  constexpr std::size_t kTierName = 2;
  std::array<fs::path, 3> found;
  found[0] = folders.find(root, {name.debug_file, name.debug_id, file});
  if (found[0].empty() && name.debug_file.size() > kTierName) {
    const auto tier = std::string_view(name.debug_file).substr(0, kTierName);
    found[1] = folders.find(root, {tier, name.debug_file, name.debug_id, file});
  }
  found[2] = folders.find(root, {file});
  return found;
}

/// The first of the candidates that \p open takes.
template <class Open>
std::unique_ptr<SymbolFile> find_file(Folders& folders,
                                      const SymbolName& name,
                                      std::string_view file,
                                      std::vector<std::string>& refused,
                                      const Open& open) {
  for (const auto& root : folders.roots()) {
    for (const auto& path : candidates(folders, root, name, file)) {
      std::error_code error;
      if (path.empty() || fs::is_directory(path, error)) continue;
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
                                     std::vector<std::string>& refused) {
  return find_file(folders, name, name.debug_file, refused,
                   [&](const fs::path& path) { return open_pdb(path, name.debug_id); });
}

std::unique_ptr<SymbolFile> find_sym(Folders& folders,
                                     const SymbolName& name,
                                     const fs::path& index_cache,
                                     std::vector<std::string>& refused) {
  return find_file(folders, name, sym_name(name.debug_file), refused, [&](const fs::path& path) {
    return open_sym(path, name.debug_id, index_cache);
  });
}

}  // namespace vigil::symbols
