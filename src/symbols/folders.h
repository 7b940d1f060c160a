// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

namespace vigil::symbols {

/// Finds files in folders whatever the case of their names, as Windows does: names come from dumps
/// and from symbol servers, which disagree. Where the system does not do so by itself, what a
/// folder holds is read once, when a name is not there as it is spelled.
class Folders {
 public:
  explicit Folders(std::vector<std::filesystem::path> roots);
  ~Folders();

  [[nodiscard]] const std::vector<std::filesystem::path>& roots() const noexcept { return roots_; }

  /// The existing file \p names under \p root, each a plain file name. Empty when there is none, or
  /// a folder.
  [[nodiscard]] std::filesystem::path find(const std::filesystem::path& root,
                                           std::initializer_list<std::string_view> names);

 private:
  std::vector<std::filesystem::path> roots_;
  struct Listings;
  std::unique_ptr<Listings> listings_;
};

}  // namespace vigil::symbols
