// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "image/image.h"
#include "platform/platform.h"
#include "snapshot/snapshot.h"
#include "symbols/symbols.h"

namespace vigil::symbols {

/// An image with the mapped file that it reads.
struct ImageFile {
  std::filesystem::path path;
  std::unique_ptr<platform::MappedFile> bytes;
  image::PeImage image;
};

/// Looks for image files in the folders it is given.
class ImageFinder {
 public:
  explicit ImageFinder(ImagePaths paths)
      : paths_(std::move(paths)), listings_(paths_.folders.size()) {}

  /// The file of \p module. What was found and is not it goes to \p refused.
  [[nodiscard]] std::optional<ImageFile> find(const snapshot::Module& module,
                                              std::vector<std::string>& refused);

 private:
  /// Entries of a folder by their names in lower case.
  using Listing = std::vector<std::pair<std::string, std::filesystem::path>>;
  [[nodiscard]] const Listing& listing(std::size_t folder);

  ImagePaths paths_;
  std::vector<std::optional<Listing>> listings_;  // by folder
};

/// Whether a path that a dump names may be opened on Windows: on a drive by its letter, and nothing
/// that the system takes for a device. A share would send this account's credentials to whoever the
/// dump names.
[[nodiscard]] bool is_local_file_path(std::string_view path);

/// Whether \p name can be one file's name on any system, and no way out of a folder.
[[nodiscard]] bool is_plain_file_name(std::string_view name);

}  // namespace vigil::symbols
