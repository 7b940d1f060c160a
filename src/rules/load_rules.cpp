// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "rules/rules.h"

namespace vigil::rules {
namespace {

namespace fs = std::filesystem;

/// The order in which rules are tried: a rule's place in its file is that of its name.
void sort_rules(std::vector<Rule>& rules) {
  std::sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) {
    const auto a_file = ascii_lower(a.file), b_file = ascii_lower(b.file);
    return std::tie(a.fallback, a_file, a.file, a.line, a.column) <
           std::tie(b.fallback, b_file, b.file, b.line, b.column);
  });
}

bool is_rule_file(const fs::path& path) {
  const auto name = ascii_lower(utf8_from_path(path.filename()));
  return !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml"));
}

struct Listing {
  std::vector<fs::path>
      files;  ///< In name order, the case of ASCII letters ignored as Windows does.
  std::error_code code;
};

Listing list_rule_files(const fs::path& folder) {
  Listing listing;
  fs::directory_iterator entries(folder, listing.code);
  while (!listing.code && entries != fs::directory_iterator()) {
    std::error_code unreadable;  // A file that cannot be looked at is told of when it is read.
    if (is_rule_file(entries->path()) && !entries->is_directory(unreadable))
      listing.files.push_back(entries->path());
    if (listing.files.size() > kMaxRuleFiles) break;
    entries.increment(listing.code);
  }
  std::sort(listing.files.begin(), listing.files.end(), [](const fs::path& a, const fs::path& b) {
    const auto a_name = utf8_from_path(a.filename()), b_name = utf8_from_path(b.filename());
    return std::pair(ascii_lower(a_name), a_name) < std::pair(ascii_lower(b_name), b_name);
  });
  return listing;
}

/// Collects files one by one.
class Loader {
 public:
  explicit Loader(const Objection& objection) : objection_(objection) {}

  void add_file(const fs::path& path, const std::string& name) {
    if (auto why = objection_ ? objection_(path) : std::string(); !why.empty()) {
      ++result_.files;
      return add_problem(name, std::move(why));
    }
    auto text = yaml::read_file(path, kMaxRuleFileBytes);
    if (!text.ok()) {
      ++result_.files;
      return add_problem(name, text.error().message());
    }
    bytes_ += text->size();
    auto file = parse_rules(*text, name);
    check_names(file);
    result_.files += file.files;
    if (file.problems.empty()) result_.texts.emplace(name, std::move(*text));
    auto& rules = result_.rules.rules;
    std::move(file.rules.rules.begin(), file.rules.rules.end(), std::back_inserter(rules));
    std::move(file.problems.begin(), file.problems.end(), std::back_inserter(result_.problems));
  }

  void add_problem(const std::string& file, std::string message) {
    result_.problems.push_back({file, 0, 0, std::move(message)});
  }

  [[nodiscard]] bool within_limits() const {
    return bytes_ <= kMaxRuleFilesBytes && result_.rules.rules.size() <= kMaxRules;
  }

  [[nodiscard]] LoadResult take() && {
    sort_rules(result_.rules.rules);
    return std::move(result_);
  }

 private:
  /// A rule whose name another file has already is a problem of the later file, which then counts
  /// for nothing.
  void check_names(LoadResult& file) {
    for (const auto& rule : file.rules.rules) {
      const auto known = names_.find(rule.name);
      if (known == names_.end()) continue;
      file.problems.push_back({rule.file, rule.line, rule.column,
                               fmt::format("rule '{}' stands already in {}:{}", rule.name,
                                           known->second.first, known->second.second)});
    }
    if (!file.problems.empty()) file.rules.rules.clear();
    for (const auto& rule : file.rules.rules)
      names_.emplace(rule.name, std::pair(rule.file, rule.line));
  }

  const Objection& objection_;
  LoadResult result_;
  std::map<std::string, std::pair<std::string, int>> names_;
  std::uint64_t bytes_ = 0;
};

/// `rules.d` for `C:\ProgramData\Vigil\rules.d\` too.
std::string folder_name(const fs::path& folder) {
  const auto normal = fs::absolute(folder).lexically_normal();
  return utf8_from_path(normal.has_filename() ? normal.filename()
                                              : normal.parent_path().filename());
}

/// A file of names that cannot be read, or is not to be believed, turns nothing off, and says so.
void take_disabled(const fs::path& folder, const Objection& objection, LoadResult& loaded) {
  const auto file = folder / path_from_utf8(kDisabledFile);
  std::error_code code;
  if (!fs::exists(file, code)) return;
  const auto problem = [&](std::string why) {
    loaded.problems.push_back(
        {fmt::format("{}/{}", folder_name(folder), kDisabledFile), 0, 0, std::move(why)});
  };
  if (auto why = objection ? objection(file) : std::string(); !why.empty()) return problem(why);
  const auto text = yaml::read_file(file, kMaxRuleFileBytes);
  if (!text.ok()) return problem(text.error().message());
  if (well_formed_utf8_length(*text) != text->size() || text->find('\0') != std::string::npos)
    return problem("is not UTF-8");
  loaded.disabled = parse_disabled(*text);
  loaded.rules.set_aside(loaded.disabled);
}

LoadResult load_files(const fs::path& folder, const std::string& name, const Objection& objection) {
  const auto listing = list_rule_files(folder);
  Loader loader(objection);
  if (listing.code)
    loader.add_problem(name, fmt::format("cannot be read: {}", listing.code.message()));
  if (listing.files.size() > kMaxRuleFiles) {
    loader.add_problem(name,
                       fmt::format("more than {} rule files, which is the limit", kMaxRuleFiles));
    return std::move(loader).take();
  }
  for (const auto& file : listing.files) {
    loader.add_file(file, fmt::format("{}/{}", name, utf8_from_path(file.filename())));
    if (loader.within_limits()) continue;
    loader.add_problem(
        name, fmt::format("more than {} rules or {} of rule files, which is the limit", kMaxRules,
                          yaml::format_size(kMaxRuleFilesBytes)));
    break;
  }
  return std::move(loader).take();
}

LoadResult load_folder(const fs::path& folder, const Objection& objection) {
  auto loaded = load_files(folder, folder_name(folder), objection);
  take_disabled(folder, objection, loaded);
  return loaded;
}

}  // namespace

std::vector<std::string> parse_disabled(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  std::vector<std::string> names;
  while (!text.empty() && names.size() < kMaxRules) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    line = line.substr(0, line.find('#'));
    const auto first = line.find_first_not_of(kSpace);
    if (first == std::string_view::npos) continue;
    names.emplace_back(line.substr(first, line.find_last_not_of(kSpace) - first + 1));
  }
  return names;
}

LoadResult load_rules(const fs::path& path, const Objection& objection) {
  std::error_code code;
  const auto type = fs::status(path, code).type();
  if (type == fs::file_type::not_found) return {};
  if (type == fs::file_type::directory) return load_folder(path, objection);
  Loader loader(objection);
  loader.add_file(path, utf8_from_path(path));
  return std::move(loader).take();
}

RuleSet load_last_good(const fs::path& copies,
                       const std::string& name,
                       const Objection& objection) {
  std::error_code code;
  RuleSet all;
  if (!fs::is_directory(copies, code)) return all;
  // Each by itself: copies are of different days, and a name may have moved from one file to
  // another since. What is wrong with a copy is of no use to anybody: it is none then.
  for (const auto& file : list_rule_files(copies).files) {
    Loader loader(objection);
    loader.add_file(file, fmt::format("{}/{}", name, utf8_from_path(file.filename())));
    auto rules = std::move(loader).take().rules.rules;
    if (all.rules.size() + rules.size() > kMaxRules) break;
    std::move(rules.begin(), rules.end(), std::back_inserter(all.rules));
  }
  sort_rules(all.rules);
  return all;
}

RuleSet keep_last_good(const LoadResult& loaded, const RuleSet& last_good) {
  RuleSet merged = loaded.rules;
  std::set<std::string_view> broken, names;
  for (const auto& problem : loaded.problems) broken.insert(problem.file);
  for (const auto& rule : loaded.rules.rules) names.insert(rule.name);
  for (const auto& [rule, expired] : loaded.rules.idle) names.insert(rule.name);
  for (const auto& rule : last_good.rules) {
    const std::string_view file = rule.file;
    // A problem of the folder itself means that any of its files may not have been read.
    const bool lost = broken.contains(file) || broken.contains(file.substr(0, file.rfind('/')));
    if (lost && names.insert(rule.name).second) merged.rules.push_back(rule);
  }
  // Those that were kept may have been disabled since.
  merged.set_aside(loaded.disabled);
  sort_rules(merged.rules);
  return merged;
}

}  // namespace vigil::rules
