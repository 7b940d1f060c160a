// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <system_error>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "rules/grammar.h"

namespace vigil::rules {
namespace {

constexpr std::string_view kConditions[] = {"crash",   "exit",     "cpu",  "memory",    "handles",
                                            "threads", "counter",  "hang", "exception", "module",
                                            "thread",  "bugcheck", "any",  "all"};
/// Those that need say nothing more.
constexpr std::string_view kConditionWords[] = {"crash", "exit", "bugcheck"};
constexpr yaml::Names kConditionNames{"condition", kConditions};

/// More than anybody lists, and few enough to be looked through at every exit.
constexpr std::size_t kMaxExitCodes = 1000;

using Kind = Condition::Kind;

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

}  // namespace

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

namespace {

constexpr yaml::Field<Condition> kExitFields[] = {{"codes", read_codes}};

/// `crash`, `bugcheck`: conditions of which there is nothing more to say.
void read_nothing(std::string_view name, const yaml::Node& node, yaml::Problems& problems) {
  const bool empty = node.kind == yaml::Node::Kind::Null ||
                     (node.kind == yaml::Node::Kind::Map && node.keys.empty());
  if (!empty) {
    problems.add(node.at, fmt::format("'{}' takes nothing, found {}", name, yaml::described(node)));
  }
}

Kind kind_of_word(std::string_view word) {
  if (word == "bugcheck") return Kind::Bugcheck;
  return word == "exit" ? Kind::Exit : Kind::Crash;
}

void read_exit(const yaml::Node& node, Condition& condition, yaml::Problems& problems) {
  condition.kind = Kind::Exit;
  if (node.kind != yaml::Node::Kind::Null) yaml::read_map(node, kExitFields, condition, problems);
}

/// How a condition that is more than a word looks.
std::string_view example_of(std::string_view name) {
  if (name == "cpu") return "{ cpu: { above: 85%, for: 30s } }";
  if (name == "memory") return "{ memory: { above: 4GiB } }";
  if (name == "handles") return "{ handles: { above: 10000 } }";
  if (name == "exception") return "{ exception: { codes: [ACCESS_VIOLATION] } }";
  if (name == "module") return "{ module: { loaded: \"evil*.dll\" } }";
  if (name == "thread") return "{ thread: { ended: [3, ACCESS_VIOLATION] } }";
  if (name == "hang") return "{ hang: { tcp: \"127.0.0.1:8080\" } }";
  if (name == "threads") return "{ threads: { above: 500 } }";
  if (name == "counter")
    return R"({ counter: { path: '\System\Processor Queue Length', above: 20 } })";
  return name == "any" ? "{ any: [crash, exit] }" : "{ all: [crash, { memory: { above: 4GiB } }] }";
}

void read_one(const yaml::Node& node,
              Condition& condition,
              std::size_t& left,
              yaml::Problems& problems);

/// The list of `any` or `all`. \p left: how many conditions the rule may still have.
void read_parts(std::string_view name,
                const yaml::Node& node,
                Condition& condition,
                std::size_t& left,
                yaml::Problems& problems) {
  condition.kind = name == "any" ? Kind::Any : Kind::All;
  if (node.kind != yaml::Node::Kind::List || node.items.empty()) {
    problems.add(node.at, fmt::format("'{}' takes a list of conditions, found {}", name,
                                      node.kind == yaml::Node::Kind::List ? "an empty list"
                                                                          : yaml::described(node)));
    return;
  }
  for (const auto& item : node.items)
    read_one(item, condition.parts.emplace_back(), left, problems);
}

void read_named(std::string_view name,
                const yaml::Node& value,
                Condition& condition,
                std::size_t& left,
                yaml::Problems& problems) {
  if (name == "crash" || name == "bugcheck") {
    condition.kind = kind_of_word(name);
    return read_nothing(name, value, problems);
  }
  if (name == "exit") return read_exit(value, condition, problems);
  if (name == "any" || name == "all") return read_parts(name, value, condition, left, problems);
  if (name == "exception") return read_exception(value, condition, problems);
  if (name == "module") return read_module(value, condition, problems);
  if (name == "thread") return read_thread(value, condition, problems);
  if (name == "hang") return read_hang(value, condition, problems);
  condition.kind = Kind::Threshold;
  read_threshold(name, value, condition.threshold, problems);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the YAML, which has yaml::kMaxDepth
void read_one(const yaml::Node& node,
              Condition& condition,
              std::size_t& left,
              yaml::Problems& problems) {
  if (left == 0) {
    problems.add(node.at, fmt::format("more than {} conditions in a rule", kMaxConditions));
    return;
  }
  --left;
  if (node.kind == yaml::Node::Kind::Text) {
    const auto is_word = std::ranges::find(kConditionWords, node.text) != std::end(kConditionWords);
    const auto known = std::ranges::find(kConditions, node.text) != std::end(kConditions);
    if (known && !is_word) {
      problems.add(node.at, fmt::format("'{}' needs to be told more, such as {}", node.text,
                                        example_of(node.text)));
    } else if (yaml::read_name(node, kConditionNames, problems)) {
      condition.kind = kind_of_word(node.text);
    }
    return;
  }
  yaml::visit_map(node, kConditionNames, problems, [&](std::size_t index, const yaml::Node& value) {
    read_named(kConditions[index], value, condition, left, problems);
  });
  if (node.kind == yaml::Node::Kind::Map && node.keys.size() != 1) {
    problems.add(
        node.at,
        fmt::format("{} conditions; here stands one, which may be 'any' or 'all' of a list",
                    node.keys.size()));
  }
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
  std::size_t left = kMaxConditions;
  read_one(node, condition, left, problems);
}

}  // namespace vigil::rules
