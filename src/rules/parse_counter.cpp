// SPDX-License-Identifier: Apache-2.0
// Paths of performance counters. Source: "Specifying a Counter Path" of the Win32 documentation.
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "rules/grammar.h"

namespace vigil::rules {
namespace {

/// PDH takes 2048 characters; nobody's object and counter have so long names.
constexpr std::size_t kMaxPathBytes = 512;

/// `{word}`; a GUID in braces is a name as any other.
bool is_placeholder(std::string_view instance) {
  if (!instance.starts_with('{') || !instance.ends_with('}')) return false;
  return std::ranges::all_of(instance.substr(1, instance.size() - 2),
                             [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

/// What is wrong with \p path; empty: nothing.
std::string_view objection_to(std::string_view path) {
  if (path.starts_with("\\\\"))
    return "it names a computer, and counters of this one only are read; begin with one '\\'";
  if (!path.starts_with('\\') || path.size() < 2) return "it does not begin with '\\'";
  path.remove_prefix(1);
  // An instance may be a path itself: the object's name ends where it begins.
  const auto open = std::min(path.find('('), path.find('\\'));
  if (open == std::string_view::npos) return "it has no counter behind its object";
  if (open == 0) return "it has no object";
  auto rest = path.substr(open);
  if (rest.front() == '(') {
    const auto close = rest.rfind(")\\");
    if (close == std::string_view::npos) return "what '(' begins does not end with ')\\'";
    const auto instance = rest.substr(1, close - 1);
    if (instance.empty()) return "the instance between '(' and ')' is empty";
    if (is_placeholder(instance) && instance != kProcessInstance)
      return "of what may stand between braces only {process} is known";
    if (instance.find_first_of("*?") != std::string_view::npos)
      return "one counter is read, not several; {process} stands for the instance of the process";
    rest.remove_prefix(close + 1);
  }
  rest.remove_prefix(1);
  if (rest.empty()) return "it has no counter behind its object";
  if (rest.find('\\') != std::string_view::npos) return "it has more than an object and a counter";
  if (rest.find('*') != std::string_view::npos) return "one counter is read, not several";
  return {};
}

}  // namespace

void read_counter_path(const yaml::Node& node, std::string& path, yaml::Problems& problems) {
  constexpr std::string_view kExample = R"('\System\Processor Queue Length')";
  auto text =
      yaml::read_text(node, fmt::format("a counter such as {}", kExample), kMaxPathBytes, problems);
  if (!text) return;
  if (const auto objection = objection_to(*text); !objection.empty()) {
    problems.add(node.at, fmt::format("{} is no counter: {}, such as {}", yaml::shown(*text),
                                      objection, kExample));
    return;
  }
  path = std::move(*text);
}

}  // namespace vigil::rules
