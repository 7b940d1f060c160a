// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <system_error>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "rules/grammar.h"

namespace vigil::rules {
namespace {

constexpr std::string_view kConditions[] = {"crash", "exit"};
constexpr std::string_view kLaterConditions[] = {"hang",    "cpu",     "memory",    "handles",
                                                 "threads", "counter", "exception", "bugcheck",
                                                 "any",     "all"};
constexpr yaml::Names kConditionNames{"condition", kConditions, kLaterConditions};

/// More than anybody lists, and few enough to be looked through at every exit.
constexpr std::size_t kMaxExitCodes = 1000;

void read_code(const yaml::Node& node, Condition& condition, yaml::Problems& problems) {
  if (node.kind != yaml::Node::Kind::Text) {
    problems.add(
        node.at,
        fmt::format("expected an exit code such as 3, -1, 0xc0000005 or ACCESS_VIOLATION, found {}",
                    yaml::described(node)));
    return;
  }
  const auto code = parse_exit_code(node.text);
  if (!code.ok()) {
    problems.add(node.at, code.error().message());
    return;
  }
  condition.exit_codes.push_back(*code);
}

void read_codes(const yaml::Node& node, Condition& condition, yaml::Problems& problems) {
  if (node.kind != yaml::Node::Kind::List) return read_code(node, condition, problems);
  if (node.items.empty()) problems.add(node.at, "an empty list of exit codes");
  if (node.items.size() > kMaxExitCodes) {
    problems.add(node.at, fmt::format("{} exit codes, and the limit is {}", node.items.size(),
                                      kMaxExitCodes));
    return;
  }
  for (const auto& item : node.items) read_code(item, condition, problems);
}

constexpr yaml::Field<Condition> kExitFields[] = {{"codes", read_codes}};

void read_crash(const yaml::Node& node, Condition& condition, yaml::Problems& problems) {
  condition.kind = EventKind::Crash;
  const bool empty = node.kind == yaml::Node::Kind::Null ||
                     (node.kind == yaml::Node::Kind::Map && node.keys.empty());
  if (!empty)
    problems.add(node.at, fmt::format("'crash' takes nothing, found {}", yaml::described(node)));
}

void read_exit(const yaml::Node& node, Condition& condition, yaml::Problems& problems) {
  condition.kind = EventKind::Exit;
  if (node.kind != yaml::Node::Kind::Null)
    yaml::read_map(node, kExitFields, {}, condition, problems);
}

}  // namespace

Result<std::uint32_t> parse_exit_code(std::string_view text) {
  const bool negative = text.starts_with('-');
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const auto digits = text.substr(hex ? 2 : negative ? 1 : 0);
  const auto not_a_code = [&](std::string_view hint) {
    return Error{Errc::Malformed, fmt::format("{} is not an exit code{}", yaml::shown(text), hint)};
  };
  const char first = digits.empty() ? '\0' : digits.front();
  if (hex || (first >= '0' && first <= '9')) {
    std::uint32_t value = 0;
    const auto [end, code] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
    if (code == std::errc::result_out_of_range) return not_a_code(": it has more than 32 bits");
    if (code != std::errc{} || end != digits.data() + digits.size())
      return not_a_code("; write it as 3, -1 or 0xc0000005");
    if (!negative) return value;
    constexpr std::uint32_t kMostNegative = 0x8000'0000;
    if (value > kMostNegative) return not_a_code(": it has more than 32 bits");
    return ~value + 1;
  }
  for (const std::string_view prefix : {"", "STATUS_", "EXCEPTION_"}) {
    if (!text.starts_with(prefix)) continue;
    if (const auto code = exception_code_from_name(text.substr(prefix.size()))) return *code;
  }
  std::vector<std::string_view> names;
  for (const auto& info : exception_codes()) names.push_back(info.name);
  if (const auto near = yaml::nearest(text, names))
    return not_a_code(fmt::format("; did you mean '{}'?", *near));
  return not_a_code(
      "; write a number such as 3, -1 or 0xc0000005, or a name such as ACCESS_VIOLATION");
}

void read_condition(const yaml::Node& node, Condition& condition, yaml::Problems& problems) {
  if (node.kind == yaml::Node::Kind::Text) {
    if (const auto index = yaml::read_name(node, kConditionNames, problems)) {
      condition.kind = *index == 0 ? EventKind::Crash : EventKind::Exit;
    }
    return;
  }
  yaml::visit_map(node, kConditionNames, problems, [&](std::size_t index, const yaml::Node& value) {
    (index == 0 ? read_crash : read_exit)(value, condition, problems);
  });
  if (node.kind == yaml::Node::Kind::Map && node.keys.size() != 1) {
    problems.add(node.at,
                 fmt::format("{} conditions; a rule has one: crash or exit", node.keys.size()));
  }
}

}  // namespace vigil::rules
