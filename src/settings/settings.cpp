// SPDX-License-Identifier: Apache-2.0
#include "settings/settings.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/symbol_path.h"
#include "base/utf.h"
#include "settings/keys.h"
#include "yaml/yaml.h"

namespace vigil::settings {
namespace {

/// The default file has 3 KiB.
constexpr std::uint64_t kMaxSettingsBytes = 256 << 10;

struct ReadValue {
  const yaml::Node& node;
  Settings& settings;
  yaml::Problems& problems;

  void operator()(const Choice& v) const {
    if (const auto i = yaml::read_name(node, {"value", v.values}, problems))
      settings.*v.member = v.values[*i];
  }
  void operator()(const Flag& v) const { assign(yaml::read_bool(node, problems), v.member); }
  void operator()(const Count& v) const {
    assign(yaml::read_count(node, {v.min, v.max}, problems), v.member);
  }
  void operator()(const Size& v) const {
    assign(yaml::read_size(node, {v.min, v.max}, problems), v.member);
  }
  void operator()(const Duration& v) const {
    assign(yaml::read_duration(node, {v.min, v.max}, problems), v.member);
  }

  void operator()(const SymbolPath& v) const {
    constexpr std::size_t kMaxBytes = 4096;
    if (node.kind == yaml::Node::Kind::Text && node.text.empty()) return;  // as by default
    const auto text = yaml::read_text(node, "a symbol path", kMaxBytes, problems);
    if (!text) return;
    if (const auto parsed = parse_symbol_path(*text); !parsed.ok()) {
      problems.add(node.at, parsed.error().message());
      return;
    }
    settings.*v.member = *text;
  }

  template <class T>
  void assign(const std::optional<T>& value, T Settings::* member) const {
    if (value) settings.*member = *value;
  }
};

std::vector<std::string_view> group_names() {
  std::vector<std::string_view> names;
  for (const auto& key : keys()) {
    if (names.empty() || names.back() != key.group) names.push_back(key.group);
  }
  return names;
}

std::span<const Key> keys_of(std::string_view group) {
  const auto all = keys();
  const auto first =
      std::find_if(all.begin(), all.end(), [&](const Key& key) { return key.group == group; });
  const auto last =
      std::find_if(first, all.end(), [&](const Key& key) { return key.group != group; });
  return {first, last};
}

void read_group(const yaml::Node& node,
                std::string_view group,
                Settings& settings,
                yaml::Problems& problems) {
  if (node.kind == yaml::Node::Kind::Null)
    return;  // As in the default file, with all its keys commented out.
  const auto group_keys = keys_of(group);
  std::vector<std::string_view> names;
  for (const auto& key : group_keys) names.push_back(key.name);
  yaml::visit_map(node, {.noun = "key", .known = names}, problems,
                  [&](std::size_t i, const yaml::Node& value) {
                    std::visit(ReadValue{value, settings, problems}, group_keys[i].value);
                  });
}

bool names_server(std::string_view symbol_path) {
  const auto path = parse_symbol_path(symbol_path);
  return path.ok() && std::ranges::any_of(*path, [](const SymbolPathElement& element) {
           return !element.server.empty();
         });
}

Settings read_settings(const yaml::Node& root, yaml::Problems& problems) {
  Settings settings;
  if (root.kind == yaml::Node::Kind::Null) return settings;
  const auto groups = group_names();
  yaml::visit_map(root, {.noun = "key", .known = groups}, problems,
                  [&](std::size_t i, const yaml::Node& value) {
                    read_group(value, groups[i], settings, problems);
                  });
  if (settings.fetch_symbols && problems.empty() && !names_server(settings.symbol_path)) {
    problems.add(root.find("symbols")->find("fetch")->at,
                 "'path' names no server to fetch from, as srv*https://symbols.example.com does");
  }
  return settings;
}

/// \p text as comment lines of the default file.
std::string commented(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines += fmt::format("  # {}\n", text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// All problems in one error, a line each.
Error to_error(yaml::Problems problems) {
  std::string message;
  for (const auto& problem : std::move(problems).take()) {
    if (!message.empty()) message += '\n';
    message += problem.format();
  }
  return {Errc::Malformed, std::move(message)};
}

}  // namespace

Result<Settings> parse_settings(std::string_view text, const std::string& file) {
  yaml::Problems problems(file);
  const auto root = yaml::parse(text, problems);
  if (!root) return to_error(std::move(problems));
  auto settings = read_settings(*root, problems);
  if (!problems.empty()) return to_error(std::move(problems));
  return settings;
}

Result<Settings> load_settings(const std::filesystem::path& path) {
  const auto name = utf8_from_path(path);
  auto text = yaml::read_file(path, kMaxSettingsBytes);
  if (!text.ok() && text.error().code() == Errc::NotFound) return Settings{};
  if (!text.ok()) return std::move(text).take_error().with_context(name);
  return parse_settings(*text, name);
}

std::string default_settings_file() {
  std::string file =
      "# Vigil's settings. Every key stands here at its default: take the '#' away to change one.\n"
      "# A file that Vigil does not understand is refused as a whole, with line and column.\n";
  const Settings defaults;
  std::string_view group;
  for (const auto& key : keys()) {
    if (key.group != group) file += fmt::format("\n{}:\n", key.group);
    group = key.group;
    file += commented(key.doc);
    file +=
        fmt::format("  #{}: {}  # {}\n", key.name, format_value(key, defaults), format_range(key));
  }
  return file;
}

}  // namespace vigil::settings
