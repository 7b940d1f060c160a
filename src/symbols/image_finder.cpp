// SPDX-License-Identifier: Apache-2.0
#include "symbols/image_finder.h"

#include <algorithm>
#include <array>
#include <system_error>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::symbols {
namespace {

namespace fs = std::filesystem;

/// Of a folder with more entries than this the rest is not seen.
constexpr std::size_t kMaxFolderEntries = 200'000;
constexpr bool kIsWindows = fs::path::preferred_separator == '\\';

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Names that open a device in any folder, with any extension.
bool is_device_name(std::string_view name) {
  constexpr std::array<std::string_view, 6> kDevices = {"con", "prn",    "aux",
                                                        "nul", "conin$", "conout$"};
  auto stem = ascii_lower(name.substr(0, name.find('.')));
  while (!stem.empty() && stem.back() == ' ') stem.pop_back();
  if (std::ranges::find(kDevices, stem) != kDevices.end()) return true;
  if (!stem.starts_with("com") && !stem.starts_with("lpt")) return false;
  const auto number = std::string_view(stem).substr(3);
  const bool superscript = number == "\xc2\xb9" || number == "\xc2\xb2" || number == "\xc2\xb3";
  return superscript || (number.size() == 1 && number[0] >= '0' && number[0] <= '9');
}

/// The entries of \p folder by lower-case name; empty when it cannot be read.
std::vector<std::pair<std::string, fs::path>> list(const fs::path& folder) {
  std::vector<std::pair<std::string, fs::path>> entries;
  std::error_code error;
  for (auto it = fs::directory_iterator(folder, error);
       !error && it != fs::directory_iterator() && entries.size() < kMaxFolderEntries;
       it.increment(error)) {
    entries.emplace_back(ascii_lower(utf8_from_path(it->path().filename())), it->path());
  }
  std::ranges::sort(entries);
  return entries;
}

std::optional<fs::path> entry(const std::vector<std::pair<std::string, fs::path>>& entries,
                              std::string_view name) {
  const auto wanted = ascii_lower(name);
  const auto found = std::ranges::lower_bound(
      entries, wanted, {}, [](const auto& e) -> const std::string& { return e.first; });
  if (found == entries.end() || found->first != wanted) return std::nullopt;
  return found->second;
}

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

bool is_plain_file_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || is_device_name(name)) return false;
  constexpr std::string_view kNotInNames = "<>:\"/\\|?*";
  return std::ranges::none_of(name, [&](char c) {
    return static_cast<unsigned char>(c) < ' ' || kNotInNames.find(c) != std::string_view::npos;
  });
}

bool is_local_file_path(std::string_view path) {
  if (path.size() < 4 || !is_letter(path[0]) || path[1] != ':' || path[2] != '\\') return false;
  for (auto rest = path.substr(3);;) {
    const auto end = rest.find('\\');
    if (!is_plain_file_name(rest.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    rest = rest.substr(end + 1);
  }
}

const ImageFinder::Listing& ImageFinder::listing(std::size_t folder) {
  auto& known = listings_[folder];
  if (!known) known = list(paths_.folders[folder]);
  return *known;
}

std::optional<ImageFile> ImageFinder::find(const snapshot::Module& module,
                                           std::vector<std::string>& refused) {
  if (kIsWindows && paths_.module_paths && is_local_file_path(module.path)) {
    if (auto found = open_matching(path_from_utf8(module.path), module, refused)) return found;
  }
  const auto name = module.name();
  if (!is_plain_file_name(name)) return std::nullopt;
  for (std::size_t i = 0; i < paths_.folders.size(); ++i) {
    const auto in_folder = entry(listing(i), name);
    if (!in_folder) continue;
    std::error_code error;
    if (!fs::is_directory(*in_folder, error)) {
      if (auto found = open_matching(*in_folder, module, refused)) return found;
      continue;
    }
    const auto build = entry(list(*in_folder), module.code_id());
    const auto file = build ? entry(list(*build), name) : std::nullopt;
    if (!file) continue;
    if (auto found = open_matching(*file, module, refused)) return found;
  }
  return std::nullopt;
}

}  // namespace vigil::symbols
