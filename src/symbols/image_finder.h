// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "image/image.h"
#include "platform/platform.h"
#include "snapshot/snapshot.h"
#include "symbols/folders.h"

namespace vigil::symbols {

/// An image with the mapped file that it reads.
struct ImageFile {
  std::filesystem::path path;
  std::unique_ptr<platform::MappedFile> bytes;
  image::PeImage image;
};

/// Looks for image files in the folders it is given, by name or as a symbol store.
class ImageFinder {
 public:
  /// Compressed images are unpacked into \p cache.
  ImageFinder(Folders& folders, bool module_paths, std::filesystem::path cache = {})
      : folders_(folders), module_paths_(module_paths), cache_(std::move(cache)) {}

  /// The file of \p module. What was found and is not it goes to \p refused.
  [[nodiscard]] std::optional<ImageFile> find(const snapshot::Module& module,
                                              std::vector<std::string>& refused);

 private:
  Folders& folders_;
  bool module_paths_;
  std::filesystem::path cache_;
};

}  // namespace vigil::symbols
