// SPDX-License-Identifier: Apache-2.0
#include "symbols/file_names.h"

#include <algorithm>
#include <array>

#include "base/utf.h"

namespace vigil::symbols {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Of each byte, whether a file name of Windows may have it.
constexpr std::array<bool, 256> kInNames = [] {
  std::array<bool, 256> in_names{};
  for (std::size_t c = ' '; c < in_names.size(); ++c) in_names[c] = true;
  for (const char c : std::string_view("<>:\"/\\|?*"))
    in_names[static_cast<unsigned char>(c)] = false;
  return in_names;
}();

/// Names that open a device in any folder, with any extension.
bool is_device_name(std::string_view name) {
  constexpr std::string_view kFirstLetters = "cpanlCPANL";
  if (kFirstLetters.find(name.front()) == std::string_view::npos) return false;
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

}  // namespace

bool is_plain_file_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || is_device_name(name)) return false;
  return std::ranges::all_of(name, [](char c) { return kInNames[static_cast<unsigned char>(c)]; });
}

std::string compressed_file_name(std::string_view name) {
  return std::string(name.substr(0, name.size() - 1)) + "_";
}

std::string sym_file_name(std::string_view name) {
  constexpr std::string_view kPdb = ".pdb";
  const bool is_pdb =
      name.size() > kPdb.size() && ascii_lower(name.substr(name.size() - kPdb.size())) == kPdb;
  if (is_pdb) name.remove_suffix(kPdb.size());
  return std::string(name) + ".sym";
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

}  // namespace vigil::symbols
