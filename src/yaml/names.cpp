// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "base/utf.h"
#include "yaml/yaml.h"

namespace vigil::yaml {
namespace {

constexpr std::size_t kMaxNameForNearest =
    64;  ///< Names of ours are shorter; the work is quadratic.
constexpr std::size_t kMaxShownBytes = 60;

/// Insertions, deletions, changes and swaps of neighbours that make \p a into \p b.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before.swap(row);
    row.swap(next);
  }
  return row[b.size()];
}

}  // namespace

std::string unknown_name(std::string_view name, const Names& names) {
  if (const auto near = nearest(name, names.known)) {
    return fmt::format("unknown {} {}; did you mean '{}'?", names.noun, shown(name), *near);
  }
  return fmt::format("unknown {} {}; known here: {}", names.noun, shown(name),
                     join_names(names.known));
}

std::optional<std::string_view> nearest(std::string_view name,
                                        std::span<const std::string_view> names) {
  if (name.size() > kMaxNameForNearest) return std::nullopt;
  const auto wanted = ascii_lower(name);
  std::optional<std::string_view> best;
  std::size_t best_distance = 0;
  for (const auto candidate : names) {
    const auto distance = edit_distance(wanted, ascii_lower(candidate));
    // A third of the letters may be wrong, and one in a very short name.
    const auto allowed = std::max<std::size_t>(1, candidate.size() / 3);
    if (distance > allowed || (best && distance >= best_distance)) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

std::string join_names(std::span<const std::string_view> names) {
  std::string joined;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) joined += i + 1 == names.size() ? " and " : ", ";
    joined += names[i];
  }
  return joined;
}

std::string shown(std::string_view text) {
  auto end = std::min(text.size(), kMaxShownBytes);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  auto clean = printable_utf8(text.substr(0, end));
  std::replace_if(clean.begin(), clean.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return fmt::format("'{}{}'", clean, end < text.size() ? "…" : "");
}

std::string described(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null: return "nothing";
    case Node::Kind::Text: return fmt::format("the text {}", shown(node.text));
    case Node::Kind::List: return "a list";
    case Node::Kind::Map: return "a map";
  }
  return "nothing";
}

const Node* Node::find(std::string_view key) const noexcept {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.text == key; });
  return found == keys.end() ? nullptr : &items[static_cast<std::size_t>(found - keys.begin())];
}

void visit_map(const Node& node,
               const Names& names,
               Problems& problems,
               const std::function<void(std::size_t key, const Node& value)>& use) {
  if (node.kind != Node::Kind::Map) {
    problems.add(node.at, fmt::format("expected a map of {}, found {}", join_names(names.known),
                                      described(node)));
    return;
  }
  for (std::size_t i = 0; i < node.keys.size() && !problems.full(); ++i) {
    const auto& [name, at] = node.keys[i];
    const auto found = std::find(names.known.begin(), names.known.end(), name);
    if (found == names.known.end()) {
      problems.add(at, unknown_name(name, names));
    } else {
      use(static_cast<std::size_t>(found - names.known.begin()), node.items[i]);
    }
  }
}

}  // namespace vigil::yaml
