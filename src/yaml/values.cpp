// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <system_error>

#include <fmt/format.h>

#include "base/utf.h"
#include "yaml/yaml.h"

namespace vigil::yaml {
namespace {

/// Whether \p node is a text; else the problem.
bool expect_text(const Node& node, std::string_view what, Problems& problems) {
  if (node.kind == Node::Kind::Text) return true;
  problems.add(node.at, fmt::format("expected {}, found {}", what, described(node)));
  return false;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

struct CodeUnits {
  char16_t first, last;
};
/// Characters that are not seen, or that turn the direction of writing round. Source: Unicode, its
/// property Default_Ignorable_Code_Point and its bidirectional controls.
constexpr CodeUnits kHidden[] = {
    {0x00ad, 0x00ad}, {0x034f, 0x034f}, {0x061c, 0x061c}, {0x115f, 0x1160}, {0x17b4, 0x17b5},
    {0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},
    {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff9, 0xfffb}};

/// The first character of \p text that would hide what it says; 0: there is none.
std::uint32_t hidden_in(std::string_view text) {
  const auto units = utf16_from_utf8(text);
  for (std::size_t i = 0; i < units.size(); ++i) {
    const auto unit = units[i];
    const bool hidden = std::ranges::any_of(
        kHidden, [&](const CodeUnits& range) { return unit >= range.first && unit <= range.last; });
    if (hidden) return unit;
    // Tags, U+E0000 to U+E007F: a language that nobody sees.
    const bool tag =
        unit == 0xdb40 && i + 1 < units.size() && units[i + 1] >= 0xdc00 && units[i + 1] <= 0xdc7f;
    if (tag) return 0xe0000U + (units[i + 1] - 0xdc00U);
  }
  return 0;
}

void add_out_of_range(const Node& node,
                      std::string_view min,
                      std::string_view max,
                      Problems& problems) {
  problems.add(node.at,
               fmt::format("{} is out of range: from {} to {}", shown(node.text), min, max));
}

/// A number with a unit.
template <class T>
std::optional<T> read_quantity(const Node& node,
                               const Result<T>& value,
                               Range<T> range,
                               std::string (*format)(T),
                               Problems& problems) {
  if (!value.ok()) {
    problems.add(node.at, value.error().message());
    return std::nullopt;
  }
  if (*value >= range.min && *value <= range.max) return *value;
  add_out_of_range(node, format(range.min), format(range.max), problems);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> read_text(const Node& node,
                                     std::string_view what,
                                     std::size_t max_bytes,
                                     Problems& problems) {
  if (!expect_text(node, what, problems)) return std::nullopt;
  if (node.text.empty()) {
    problems.add(node.at, fmt::format("expected {}, found an empty text", what));
    return std::nullopt;
  }
  if (node.text.size() > max_bytes) {
    problems.add(node.at, fmt::format("{} of {} bytes, and the limit is {}", what, node.text.size(),
                                      max_bytes));
    return std::nullopt;
  }
  if (std::any_of(node.text.begin(), node.text.end(), is_control)) {
    problems.add(
        node.at,
        R"(a line break or control character in the text; in double quotes '\n' is one: use single quotes)");
    return std::nullopt;
  }
  if (const auto hidden = hidden_in(node.text); hidden != 0) {
    problems.add(node.at, fmt::format("the character U+{:04X} in the text, which is not seen and "
                                      "hides what it says",
                                      hidden));
    return std::nullopt;
  }
  return node.text;
}

std::optional<bool> read_bool(const Node& node, Problems& problems) {
  if (!expect_text(node, "true or false", problems)) return std::nullopt;
  if (node.text == "true") return true;
  if (node.text == "false") return false;
  problems.add(node.at, fmt::format("expected true or false, found {}", shown(node.text)));
  return std::nullopt;
}

std::optional<std::size_t> read_name(const Node& node, const Names& names, Problems& problems) {
  if (!expect_text(node, fmt::format("a {}: {}", names.noun, join_names(names.known)), problems))
    return std::nullopt;
  const auto found = std::find(names.known.begin(), names.known.end(), node.text);
  if (found != names.known.end()) return static_cast<std::size_t>(found - names.known.begin());
  problems.add(node.at, unknown_name(node.text, names));
  return std::nullopt;
}

std::optional<std::uint32_t> read_count(const Node& node,
                                        Range<std::uint32_t> range,
                                        Problems& problems) {
  if (!expect_text(node, "a whole number", problems)) return std::nullopt;
  if (node.text.empty() || node.text.find_first_not_of("0123456789") != std::string::npos) {
    problems.add(node.at, fmt::format("expected a whole number, found {}", shown(node.text)));
    return std::nullopt;
  }
  std::uint32_t value = 0;
  const auto [end, code] =
      std::from_chars(node.text.data(), node.text.data() + node.text.size(), value);
  if (code == std::errc{} && value >= range.min && value <= range.max) return value;
  add_out_of_range(node, std::to_string(range.min), std::to_string(range.max), problems);
  return std::nullopt;
}

std::optional<Microseconds> read_duration(const Node& node,
                                          Range<Microseconds> range,
                                          Problems& problems) {
  if (!expect_text(node, "a duration such as 30s", problems)) return std::nullopt;
  return read_quantity(node, parse_duration(node.text), range, format_exact, problems);
}

std::optional<std::uint64_t> read_size(const Node& node,
                                       Range<std::uint64_t> range,
                                       Problems& problems) {
  if (!expect_text(node, "a size such as 10MiB", problems)) return std::nullopt;
  return read_quantity(node, parse_size(node.text), range, format_size, problems);
}

std::optional<std::uint64_t> read_percent(const Node& node,
                                          Range<std::uint64_t> range,
                                          Problems& problems) {
  if (!expect_text(node, "a share such as 85%", problems)) return std::nullopt;
  return read_quantity(node, parse_percent(node.text), range, format_percent, problems);
}

std::optional<std::uint64_t> read_decimal(const Node& node,
                                          Range<std::uint64_t> range,
                                          Problems& problems) {
  if (!expect_text(node, "a number such as 12 or 0.25", problems)) return std::nullopt;
  return read_quantity(node, parse_decimal(node.text), range, format_decimal, problems);
}

}  // namespace vigil::yaml
