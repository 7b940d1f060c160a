// SPDX-License-Identifier: Apache-2.0
// What only a dumper that is attached to a process sees: `exception`, `module` and `thread`.
#include <utility>

#include <fmt/format.h>

#include "rules/grammar.h"

namespace vigil::rules {
namespace {

using yaml::Node;
using yaml::Problems;

/// Each code and each pattern is an argument of the attached dumper.
constexpr std::size_t kMaxExceptionCodes = 100;
constexpr std::size_t kMaxThreadCodes = 100;
constexpr std::size_t kMaxCodesWithText = 20;
constexpr std::size_t kMaxPatterns = 10;
constexpr std::size_t kMaxPatternBytes = 200;

void read_patterns(const Node& node, Condition& condition, Problems& problems) {
  const auto read_one = [&](const Node& value) {
    auto pattern =
        yaml::read_text(value, "a pattern such as *timeout*", kMaxPatternBytes, problems);
    if (pattern) condition.texts.push_back(std::move(*pattern));
  };
  if (node.kind != Node::Kind::List) return read_one(node);
  if (node.items.empty()) problems.add(node.at, "an empty list of patterns");
  if (node.items.size() > kMaxPatterns) {
    problems.add(node.at,
                 fmt::format("{} patterns, and the limit is {}", node.items.size(), kMaxPatterns));
    return;
  }
  for (const auto& item : node.items) read_one(item);
}

constexpr yaml::Field<Condition> kExceptionFields[] = {{"codes", read_codes},
                                                       {"text", read_patterns}};
constexpr yaml::Field<Condition> kModuleFields[] = {{"loaded", read_patterns}};

void read_ended(const Node& node, Condition& condition, Problems& problems) {
  condition.kind = Condition::Kind::ThreadEnd;
  read_codes(node, condition, problems);
  if (condition.exit_codes.size() > kMaxThreadCodes) {
    problems.add(node.at, fmt::format("{} codes that threads end with, and the limit is {}",
                                      condition.exit_codes.size(), kMaxThreadCodes));
  }
}

void read_started_in(const Node& node, Condition& condition, Problems& problems) {
  condition.kind = Condition::Kind::ThreadStart;
  read_patterns(node, condition, problems);
}

constexpr yaml::Field<Condition> kThreadFields[] = {{"ended", read_ended},
                                                    {"started_in", read_started_in}};

}  // namespace

void read_exception(const Node& node, Condition& condition, Problems& problems) {
  condition.kind = Condition::Kind::Exception;
  yaml::read_map(node, kExceptionFields, condition, problems);
  if (node.kind == Node::Kind::Map && node.find("codes") == nullptr &&
      node.find("text") == nullptr) {
    problems.add(node.at,
                 "an exception needs its codes or its text, such as { codes: [ACCESS_VIOLATION] }");
  }
  const auto limit = condition.texts.empty() ? kMaxExceptionCodes : kMaxCodesWithText;
  if (condition.exit_codes.size() > limit) {
    problems.add(node.at, fmt::format("{} codes of exceptions, and the limit is {}",
                                      condition.exit_codes.size(), limit));
  }
}

void read_module(const Node& node, Condition& condition, Problems& problems) {
  condition.kind = Condition::Kind::Module;
  yaml::read_map(node, kModuleFields, condition, problems);
  if (node.kind == Node::Kind::Map && node.find("loaded") == nullptr)
    problems.add(node.at, "a module needs its name, such as { loaded: \"evil*.dll\" }");
}

/// One of the two, since together they could mean one thread as well as two.
void read_thread(const Node& node, Condition& condition, Problems& problems) {
  condition.kind = Condition::Kind::ThreadEnd;
  yaml::read_map(node, kThreadFields, condition, problems);
  if (node.kind != Node::Kind::Map) return;
  const bool ended = node.find("ended") != nullptr, started = node.find("started_in") != nullptr;
  if (!ended && !started) {
    problems.add(node.at,
                 "a thread needs the code that it ends with or the module that it starts in, such "
                 "as { ended: [3, ACCESS_VIOLATION] } or { started_in: \"inject*.dll\" }");
  } else if (ended && started) {
    problems.add(node.at,
                 "'ended' or 'started_in', not both; for either write any: [{ thread: { ended: 3 } "
                 "}, { thread: { started_in: \"inject*.dll\" } }]");
  }
}

}  // namespace vigil::rules
