// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <system_error>
#include <utility>

#include "base/utf.h"
#include "symbols/file_names.h"
#include "symbols/folders.h"

namespace vigil::symbols {

/// The system knows no case: there is nothing to keep.
struct Folders::Listings {};

Folders::Folders(std::vector<std::filesystem::path> roots) : roots_(std::move(roots)) {}
Folders::~Folders() = default;

std::filesystem::path Folders::find(const std::filesystem::path& root,
                                    std::initializer_list<std::string_view> names) {
  if (!std::ranges::all_of(names, is_plain_file_name)) return {};
  auto path = root;
  for (const auto name : names) path /= path_from_utf8(name);
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) ? path : std::filesystem::path();
}

}  // namespace vigil::symbols
