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
                                   std::string_view debug_file,
                                   std::string_view debug_id,
                                   std::string_view file) {
  constexpr std::size_t kTierName = 2;
  std::array<fs::path, 3> found;
  found[0] = folders.find(root, {debug_file, debug_id, file});
  if (found[0].empty() && debug_file.size() > kTierName)
    found[1] = folders.find(root, {debug_file.substr(0, kTierName), debug_file, debug_id, file});
  found[2] = folders.find(root, {file});
  return found;
}

}  // namespace

std::unique_ptr<SymbolFile> find_symbol_file(Folders& folders,
                                             std::string_view debug_file,
                                             std::string_view debug_id,
                                             const fs::path& index_cache,
                                             std::vector<std::string>& refused) {
  const auto sym = sym_name(debug_file);
  for (const auto& root : folders.roots()) {
    for (const auto& path : candidates(folders, root, debug_file, debug_id, sym)) {
      std::error_code error;
      if (path.empty() || fs::is_directory(path, error)) continue;
      auto file = open_sym(path, debug_id, index_cache);
      if (file.ok()) return std::move(file).take();
      refused.push_back(file.error().message());
    }
  }
  return nullptr;
}

}  // namespace vigil::symbols
