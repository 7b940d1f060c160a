// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/exception_codes.h"
#include "rules/rules.h"

namespace vigil::rules {
namespace {

std::string either(const std::vector<std::string>& patterns) {
  return fmt::format("{}", fmt::join(patterns, " or "));
}

/// Whether a process with these facts, all others left out, has what \p patterns ask for.
using Fits = bool (*)(const PatternList& patterns, const ProcessFacts& process);

void add(std::vector<Clause>& clauses,
         std::string_view what,
         const PatternList& list,
         const std::string& found,
         const ProcessFacts& process,
         Fits fits) {
  if (!list.any.empty())
    clauses.push_back({std::string(what), either(list.any), found, fits({list.any, {}}, process)});
  if (!list.none.empty()) {
    clauses.push_back(
        {fmt::format("not {}", what), either(list.none), found, fits({{}, list.none}, process)});
  }
}

std::string code_text(std::uint32_t code) {
  const auto* known = find_exception_code(code);
  if (known != nullptr) return std::string(known->name);
  constexpr std::uint32_t kFirstStatusCode = 0x4000'0000;
  // What `exit(-1)` becomes; -1000 and below are more likely codes of somebody's own.
  constexpr std::int32_t kFirstNegative = -999;
  const auto number = static_cast<std::int32_t>(code);
  if (number < 0 && number >= kFirstNegative) return fmt::format("{} ({:#x})", number, code);
  return code < kFirstStatusCode ? fmt::format("{}", code) : fmt::format("{:#x}", code);
}

std::string times_in_a_row(std::uint32_t count) {
  return count == 1 ? "once" : fmt::format("{} times in a row", count);
}

std::string codes_text(const std::vector<std::uint32_t>& codes) {
  std::vector<std::string> texts;
  std::ranges::transform(codes, std::back_inserter(texts), code_text);
  return either(texts);
}

std::string parts_text(const std::vector<Condition>& parts) {
  std::vector<std::string> texts;
  std::ranges::transform(parts, std::back_inserter(texts),
                         [](const Condition& part) { return describe(part); });
  return fmt::format("{}", fmt::join(texts, "; "));
}

std::string exception_text(const Condition& condition) {
  std::string text = "exception";
  if (!condition.exit_codes.empty()) text += " " + codes_text(condition.exit_codes);
  if (!condition.texts.empty()) text += " that says " + either(condition.texts);
  return text;
}

}  // namespace

std::vector<Clause> explain(const Match& match, const ProcessFacts& process) {
  std::vector<Clause> clauses;
  add(clauses, "process", match.process, process.name, process,
      [](const PatternList& p, const ProcessFacts& f) { return Match{.process = p}.matches(f); });
  add(clauses, "path", match.path, process.path, process,
      [](const PatternList& p, const ProcessFacts& f) { return Match{.path = p}.matches(f); });
  add(clauses, "command_line", match.command_line, process.command_line, process,
      [](const PatternList& p, const ProcessFacts& f) {
        return Match{.command_line = p}.matches(f);
      });
  add(clauses, "service", match.service, fmt::format("{}", fmt::join(process.services, ", ")),
      process,
      [](const PatternList& p, const ProcessFacts& f) { return Match{.service = p}.matches(f); });
  add(clauses, "user", match.user, process.user.empty() ? std::string() : process.user.front(),
      process,
      [](const PatternList& p, const ProcessFacts& f) { return Match{.user = p}.matches(f); });
  add(clauses, "version", match.version, process.version, process,
      [](const PatternList& p, const ProcessFacts& f) { return Match{.version = p}.matches(f); });
  return clauses;
}

std::string describe(const Condition& condition) {
  using Kind = Condition::Kind;
  switch (condition.kind) {
    case Kind::Crash: return "crash";
    case Kind::Exit:
      if (condition.exit_codes.empty()) return "exit with any code but 0 and those of a crash";
      return "exit with " + codes_text(condition.exit_codes);
    case Kind::Exception: return exception_text(condition);
    case Kind::Module: return "module " + either(condition.texts) + " is loaded";
    case Kind::ThreadEnd: return "a thread ends with " + codes_text(condition.exit_codes);
    case Kind::ThreadStart: return "a thread starts in " + either(condition.texts);
    case Kind::Bugcheck: return "a dump of the kernel";
    case Kind::Threshold: return describe(condition.threshold);
    case Kind::Hang:
      if (condition.probe.type == Probe::Type::WaitChain)
        return "hang: a deadlock, seen " + times_in_a_row(condition.probe.failures);
      return fmt::format("hang: {} fails {}", describe(condition.probe),
                         times_in_a_row(condition.probe.failures));
    case Kind::Any: return fmt::format("any of ({})", parts_text(condition.parts));
    case Kind::All: return fmt::format("all of ({})", parts_text(condition.parts));
  }
  return {};
}

std::string describe(const Limits& limits) {
  std::vector<std::string> texts;
  if (limits.per_hour) {
    texts.push_back(
        fmt::format("{} an hour{}", *limits.per_hour, limits.fair_share ? ", shared fairly" : ""));
  }
  if (limits.per_signature)
    texts.push_back(fmt::format("{} of a signature", *limits.per_signature));
  if (limits.cooldown)
    texts.push_back(fmt::format("{} between two", yaml::format_exact(*limits.cooldown)));
  if (limits.lifetime) texts.push_back(fmt::format("{} in all", *limits.lifetime));
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace vigil::rules
