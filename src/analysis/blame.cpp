// SPDX-License-Identifier: Apache-2.0
#include "analysis/blame.h"

#include <algorithm>
#include <iterator>

#include "analysis/crash.h"
#include "analysis/function_name.h"
#include "analysis/siglists.h"
#include "base/utf.h"

namespace vigil::analysis {
namespace {

/// Without the volume: `windows\system32\ntfs.sys`. \p path is in lower case.
std::string_view within_volume(std::string_view path) {
  constexpr std::string_view kObjects = R"(\??\)", kDevice = R"(\device\)";
  if (path.starts_with(kObjects)) path.remove_prefix(kObjects.size());
  if (path.starts_with(kDevice)) {
    path.remove_prefix(kDevice.size());
    path.remove_prefix(std::min(path.find('\\'), path.size()));
  }
  constexpr std::size_t kDriveChars = 2;
  if (path.size() > kDriveChars && path[1] == ':') path.remove_prefix(kDriveChars);
  path.remove_prefix(std::min(path.find_first_not_of('\\'), path.size()));
  return path;
}

/// Whether Windows keeps drivers of its own where \p path says; a bare name says nothing.
bool is_in_folder_of_windows(std::string_view path) {
  if (path.find('\\') == std::string_view::npos) return true;
  const auto lower = ascii_lower(path);
  if (lower.find(R"(\..\)") != std::string::npos) return false;
  constexpr std::string_view kFolders[] = {R"(systemroot\system32\)", R"(windows\system32\)",
                                           R"(winnt\system32\)",
                                           R"(programdata\microsoft\windows defender\)"};
  return std::ranges::any_of(kFolders, [inside = within_volume(lower)](std::string_view folder) {
    return inside.starts_with(folder);
  });
}

/// Who made a driver says nothing of those that Windows brings along and others wrote.
bool is_made_for_windows(const snapshot::Module& module) {
  constexpr std::string_view kByOthers[] = {
      "e1g6032e.sys",  "intelpmt.sys", "intelta.sys", "lsi_sas.sys", "ndfltr.sys",  "simbad.sys",
      "smartsamd.sys", "stexstor.sys", "vsmraid.sys", "winmad.sys",  "winverbs.sys"};
  const auto company = ascii_lower(module.company);
  if (company.empty() || company.find("microsoft") != std::string::npos) return true;
  const auto found = std::ranges::find(kByOthers, ascii_lower(module.name()));
  return found != std::end(kByOthers);
}

}  // namespace

bool is_windows_driver(const snapshot::Module& module) {
  return is_system_module(module.name()) && is_in_folder_of_windows(module.path) &&
         is_made_for_windows(module);
}

bool is_system_module(std::string_view file_name) {
  return !find_system_module(ascii_lower(file_name)).empty();
}

bool may_be_blamed(const report::Frame& frame) {
  return !frame.module.empty() && find_pattern(SigList::Irrelevant, ascii_lower(frame.module),
                                               normalize_function(frame.function))
                                      .empty();
}

bool is_guess(const report::Frame& frame) noexcept {
  return frame.trust == "scan";
}

bool is_ended_by_runtime(const report::Crash* crash) noexcept {
  if (crash == nullptr) return false;
  const auto ending = ending_of(*crash);
  return ending == Ending::CxxException || ending == Ending::Abort || ending == Ending::Exit ||
         ending == Ending::StackOverflow;
}

}  // namespace vigil::analysis
