// SPDX-License-Identifier: Apache-2.0
#include "symbols/image_finder.h"

#include <fmt/format.h>

#include "base/utf.h"
#include "symbols/file_names.h"
#include "symbols/stored_file.h"

namespace vigil::symbols {
namespace {

namespace fs = std::filesystem;

constexpr bool kIsWindows = fs::path::preferred_separator == '\\';

/// The file at \p path when it is the image of \p module; otherwise why not goes to \p refused,
/// unless there is no such file.
std::optional<ImageFile> open_matching(const fs::path& path,
                                       const snapshot::Module& module,
                                       std::vector<std::string>& refused) {
  auto bytes = platform::MappedFile::open(path);
  if (!bytes.ok()) {
    if (bytes.error().code() != Errc::NotFound) refused.push_back(bytes.error().message());
    return std::nullopt;
  }
  auto image = image::PeImage::open(**bytes, image::Layout::File);
  if (!image.ok()) {
    refused.push_back(fmt::format("{}: {}", utf8_from_path(path), image.error().message()));
    return std::nullopt;
  }
  const auto& header = image->header();
  if (header.timestamp != module.timestamp || header.size_of_image != module.size) {
    refused.push_back(fmt::format("{} is another build: {:08X}{:x}, and the dump has {}",
                                  utf8_from_path(path), header.timestamp, header.size_of_image,
                                  module.code_id()));
    return std::nullopt;
  }
  return ImageFile{path, std::move(bytes).take(), std::move(image).take()};
}

}  // namespace

std::optional<ImageFile> ImageFinder::find(const snapshot::Module& module,
                                           std::vector<std::string>& refused) {
  if (kIsWindows && module_paths_ && is_local_file_path(module.path)) {
    if (auto found = open_matching(path_from_utf8(module.path), module, refused)) return found;
  }
  const auto name = module.name();
  const auto id = module.code_id();
  for (const auto& root : folders_.roots()) {
    for (const bool in_store : {true, false}) {
      const auto file =
          in_store ? folders_.find(root, {name, id, name}) : folders_.find(root, {name});
      if (file.empty()) continue;
      if (auto found = open_matching(file, module, refused)) return found;
    }
  }
  std::optional<ImageFile> found;
  const auto take = [&](const fs::path& path) {
    found = open_matching(path, module, refused);
    return found.has_value();
  };
  return open_substitute(folders_, {name, id}, cache_, refused, take) ? std::move(found)
                                                                      : std::nullopt;
}

}  // namespace vigil::symbols
