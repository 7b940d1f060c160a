// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "symbols/folders.h"
#include "symbols/symbol_file.h"
#include "symbols/symbols.h"

namespace vigil::symbols {

struct Library::Impl {
  explicit Impl(SymbolPaths wanted)
      : paths(std::move(wanted)), folders(paths.folders), indexes{paths.index_cache} {}

  SymbolPaths paths;
  Folders folders;
  IndexCache indexes;
  /// What was found for a name, or why nothing was.
  struct Opened {
    std::unique_ptr<SymbolFile> file;
    std::vector<std::string> refused;
  };
  std::map<SymbolName, Opened> pdbs, syms;

  /// Closes what earlier dumps needed before the maps are full: a folder of dumps may name any
  /// number of builds.
  void make_room() {
    if (pdbs.size() > kMaxOpenFiles / 2) pdbs.clear();
    if (syms.size() > kMaxOpenFiles / 2) syms.clear();
  }
};

}  // namespace vigil::symbols
