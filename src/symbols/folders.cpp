// SPDX-License-Identifier: Apache-2.0
#include "symbols/folders.h"

#include <algorithm>
#include <array>
#include <system_error>

#include "base/utf.h"

namespace vigil::symbols {
namespace {

namespace fs = std::filesystem;

/// Of a folder with more entries than this the rest is not seen.
constexpr std::size_t kMaxFolderEntries = 200'000;
/// Folders whose entries are kept; later ones are read again each time.
constexpr std::size_t kMaxListings = 1024;
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

fs::path find_in(const std::vector<std::pair<std::string, fs::path>>& entries,
                 std::string_view name) {
  const auto wanted = ascii_lower(name);
  const auto found = std::ranges::lower_bound(
      entries, wanted, {}, [](const auto& e) -> const std::string& { return e.first; });
  return found == entries.end() || found->first != wanted ? fs::path() : found->second;
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

fs::path Folders::entry(const fs::path& folder, std::string_view name) {
  std::error_code error;
  auto exact = folder / path_from_utf8(name);
  if (fs::exists(exact, error)) return exact;
  if (kIsWindows) return {};
  auto known = listings_.find(folder);
  if (known == listings_.end()) {
    if (listings_.size() >= kMaxListings) return find_in(list(folder), name);
    known = listings_.emplace(folder, list(folder)).first;
  }
  return find_in(known->second, name);
}

fs::path Folders::find(const fs::path& root, std::initializer_list<std::string_view> names) {
  if (!std::ranges::all_of(names, is_plain_file_name)) return {};
  auto path = root;
  for (const auto name : names) {
    path = entry(path, name);
    if (path.empty()) return {};
  }
  return path;
}

}  // namespace vigil::symbols
