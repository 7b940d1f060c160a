// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vigil::symbols {

/// Finds files in folders whatever the case of their names, as Windows does: names come from dumps
/// and from symbol servers, which disagree. What a folder holds is read once.
class Folders {
 public:
  explicit Folders(std::vector<std::filesystem::path> roots) : roots_(std::move(roots)) {}

  [[nodiscard]] const std::vector<std::filesystem::path>& roots() const noexcept { return roots_; }

  /// The existing path \p names under \p root, each a plain file name. Empty when there is none.
  [[nodiscard]] std::filesystem::path find(const std::filesystem::path& root,
                                           std::initializer_list<std::string_view> names);

 private:
  /// Entries of a folder by their names in lower case.
  using Listing = std::vector<std::pair<std::string, std::filesystem::path>>;
  [[nodiscard]] std::filesystem::path entry(const std::filesystem::path& folder,
                                            std::string_view name);

  std::vector<std::filesystem::path> roots_;
  std::map<std::filesystem::path, Listing> listings_;
};

/// Whether \p name can be one file's name on any system, and no way out of a folder.
[[nodiscard]] bool is_plain_file_name(std::string_view name);

/// Whether a path that a dump names may be opened on Windows: on a drive by its letter, and nothing
/// that the system takes for a device. A share would send this account's credentials to whoever the
/// dump names.
[[nodiscard]] bool is_local_file_path(std::string_view path);

}  // namespace vigil::symbols
