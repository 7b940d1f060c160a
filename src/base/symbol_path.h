// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vigil {

/// One element of a symbol path: folders that are stores, the nearest first, and the server behind
/// them.
struct SymbolPathElement {
  std::vector<std::filesystem::path> folders{};
  std::string server{};  ///< `https://…`; empty: none.
};
/// A symbol path as Windows debuggers take it: elements between semicolons, each a folder, a URL,
/// `srv*CACHE*URL`, `symsrv*symsrv.dll*CACHE*URL` or `cache*FOLDER`. Errc::Malformed for another
/// word before a star.
[[nodiscard]] Result<std::vector<SymbolPathElement>> parse_symbol_path(std::string_view text);

}  // namespace vigil
