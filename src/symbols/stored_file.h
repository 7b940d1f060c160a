// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "symbols/folders.h"

namespace vigil::symbols {

/// A file by the names that a symbol store files it under: `name/id/name`.
struct StoredFile {
  std::string_view name;  ///< `orders.pdb`
  std::string_view id;
};

/// Looks for what stores have in the place of \p file: `file.ptr`, which names where it is, and the
/// file compressed (`orders.pd_`), which is unpacked into \p cache, where later runs find it. Each
/// file that comes of it goes to \p open, until that takes one: then true. Why something that is
/// there was of no use goes to \p refused, but for what \p open thinks of it.
[[nodiscard]] bool open_substitute(Folders& folders,
                                   const StoredFile& file,
                                   const std::filesystem::path& cache,
                                   std::vector<std::string>& refused,
                                   const std::function<bool(const std::filesystem::path&)>& open);

}  // namespace vigil::symbols
