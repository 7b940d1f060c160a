// SPDX-License-Identifier: Apache-2.0
#include "last_good.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/utf.h"
#include "platform/platform.h"

namespace vigil::service {
namespace {

namespace fs = std::filesystem;

/// `orders.yaml` of `rules.d/orders.yaml`.
std::string file_name(std::string_view shown) {
  return std::string(shown.substr(shown.rfind('/') + 1));
}

/// Which files a copy may be of: those that are good, and those that are broken. Nothing: a problem
/// of the folder itself says nothing of the files in it.
bool knows_all(const rules::LoadResult& loaded) {
  return std::ranges::all_of(loaded.problems, [](const rules::Problem& problem) {
    return problem.file.find('/') != std::string::npos;
  });
}

void remove_others(const fs::path& copies, const std::set<std::string>& names) {
  std::error_code code;
  std::vector<fs::path> others;
  for (fs::directory_iterator entry(copies, code); !code && entry != fs::directory_iterator();
       entry.increment(code)) {
    if (!names.contains(utf8_from_path(entry->path().filename()))) others.push_back(entry->path());
  }
  // What cannot be removed now is tried again the next time.
  for (const auto& other : others) fs::remove(other, code);
}

}  // namespace

Status keep_copies(const rules::LoadResult& loaded, const fs::path& copies) {
  Status done;
  std::set<std::string> names;
  for (const auto& problem : loaded.problems) names.insert(file_name(problem.file));
  for (const auto& [shown, text] : loaded.texts) {
    const auto name = file_name(shown);
    names.insert(name);
    const auto copy = copies / path_from_utf8(name);
    const auto before = platform::read_file(copy, rules::kMaxRuleFileBytes);
    if (before.ok() && *before == text) continue;
    if (auto written = platform::write_file_atomically(copy, text); !written.ok()) done = written;
  }
  if (knows_all(loaded)) remove_others(copies, names);
  return done;
}

}  // namespace vigil::service
