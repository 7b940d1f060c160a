// SPDX-License-Identifier: Apache-2.0
#include "analysis/bugcheck.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <fmt/format.h>

#include "analysis/bugcheck_value.h"
#include "analysis/fast_fail.h"

namespace vigil::analysis {
namespace {

struct Name {
  std::uint32_t code;
  std::string_view name;
};
constexpr Name kNames[] = {
#define VIGIL_BUGCHECK_NAME(code, name) {code, name},
#include "analysis/bugcheck_names_000.inc"
#include "analysis/bugcheck_names_100.inc"
#undef VIGIL_BUGCHECK_NAME
};
static_assert(std::ranges::is_sorted(kNames, {}, &Name::code));

struct Words {
  std::uint32_t code;
  std::string_view meaning;
  std::array<std::string_view, 4> parameters;
};
constexpr Words kWords[] = {
#define VIGIL_BUGCHECK(code, meaning, ...) {code, meaning, {__VA_ARGS__}},
#include "analysis/bugcheck_words_000.inc"
#include "analysis/bugcheck_words_100.inc"
#include "analysis/bugcheck_words_200.inc"
#undef VIGIL_BUGCHECK
};
static_assert(std::ranges::is_sorted(kWords, {}, &Words::code));

/// What the words of a parameter have where another one says what it is.
constexpr std::string_view kDecided = "?";
constexpr std::string_view kNotDocumented = "not documented";

const Words* words_of(std::uint32_t code) {
  const auto found = std::ranges::find(kWords, code, &Words::code);
  return found == std::end(kWords) ? nullptr : found;
}

/// Values of one parameter that have words of their own.
struct Value {
  std::uint32_t code;
  std::uint8_t index;
  std::uint64_t value;
  std::string_view text;
};
constexpr Value kValues[] = {
#define VIGIL_BUGCHECK_VALUE(code, index, value, text) {code, index, value, text},
#include "analysis/bugcheck_values.inc"
#undef VIGIL_BUGCHECK_VALUE
};

/// Values of the parameter that decides, which say what the others are.
struct Kind {
  std::uint32_t code;
  std::uint64_t value;
  std::string_view text;
  std::array<std::string_view, 3> others;
};
/// Bugcheck whose kinds hold the driver verifier's rules, which 0xC4 names by the same values.
constexpr std::uint32_t kVerifierLiveDump = 0x1c4;
constexpr Kind kKinds[] = {
#define VIGIL_BUGCHECK_KIND(code, value, text, ...) {code, value, text, {__VA_ARGS__}},
#include "analysis/bugcheck_kinds_000.inc"
#include "analysis/bugcheck_kinds_0c0.inc"
#include "analysis/bugcheck_kinds_100.inc"
#undef VIGIL_BUGCHECK_KIND
#define VIGIL_DRIVER_RULE(value, name) \
  {kVerifierLiveDump,                  \
   value,                              \
   name,                               \
   {"condition that was broken, a string", "state of the rule; 0: none", "more of it; 0: none"}},
#include "analysis/bugcheck_rules.inc"
#undef VIGIL_DRIVER_RULE
};
constexpr auto kHasWords = [](std::uint32_t code) {
  return std::ranges::binary_search(kWords, code, {}, &Words::code);
};
static_assert(std::ranges::all_of(kValues, kHasWords, &Value::code));
static_assert(std::ranges::all_of(kKinds, kHasWords, &Kind::code));

/// \p value without the sign in its upper half, which codes of 32 bits have on 64-bit machines.
std::uint64_t without_sign(std::uint64_t value) {
  constexpr std::uint64_t kSign = 0xffffffff80000000;
  return (value & kSign) == kSign ? value & 0xffffffffU : value;
}

/// Which parameter, from 0 on, says what the others are.
std::size_t decider_of(std::uint32_t code) {
  switch (code) {
    case 0xc1: return 3;
    case 0x14f: return 1;
    default: return 0;
  }
}

/// Which bugcheck's kinds those of \p code are.
std::uint32_t code_of_kinds(std::uint32_t code, std::uint64_t value) {
  constexpr std::uint64_t kFirstRule = 0x20000;
  return code == 0xc4 && value >= kFirstRule ? kVerifierLiveDump : code;
}

const Kind* kind_of(const snapshot::Bugcheck& bugcheck) {
  const auto code = bugcheck.base_code();
  const auto value = without_sign(bugcheck.parameters[decider_of(code)]);
  const auto found = std::ranges::find_if(kKinds, [&](const Kind& kind) {
    return kind.code == code_of_kinds(code, value) && kind.value == value;
  });
  return found == std::end(kKinds) ? nullptr : found;
}

/// Bugchecks whose first parameter is a kind only where it is one of the table's, and else what its
/// words say.
bool is_kind_at_times(std::uint32_t code) {
  return code == 0x77 || code == 0x7a;
}

/// Which bugcheck's values those of \p code are the same as: a live dump has those of the bugcheck
/// that it stands for.
std::uint32_t code_of_values(std::uint32_t code) {
  switch (code) {
    case 0x16f: return 0x168;
    case 0x1c9: return 0x9e;
    default: return code;
  }
}

std::string_view value_in_words(const snapshot::Bugcheck& bugcheck, std::size_t index) {
  const auto code = code_of_values(bugcheck.base_code());
  const auto found = std::ranges::find_if(kValues, [&](const Value& value) {
    return value.code == code && value.index == index && value.value == bugcheck.parameters[index];
  });
  return found == std::end(kValues) ? std::string_view() : found->text;
}

/// What the words of a parameter say that its value is.
std::string value_of(const snapshot::Bugcheck& bugcheck,
                     std::size_t index,
                     std::string_view label) {
  constexpr std::uint32_t kFailFast = 0x139;
  const auto value = bugcheck.parameters[index];
  const auto* kind = kind_of(bugcheck);
  if (index == decider_of(bugcheck.base_code()) && kind != nullptr && !kind->text.empty())
    return std::string(kind->text);
  if (const auto words = value_in_words(bugcheck, index); !words.empty()) return std::string(words);
  if (bugcheck.base_code() == kFailFast && index == 0) {
    const auto* info = find_fast_fail(value);
    return info == nullptr ? "" : std::string(info->name);
  }
  return value_by_label(bugcheck.base_code(), label, value);
}

/// What parameter \p index is; empty: not documented, kDecided: nothing says it.
std::string_view label_of(const snapshot::Bugcheck& bugcheck,
                          const Words& words,
                          std::size_t index) {
  const auto decider = decider_of(words.code);
  const auto* kind = kind_of(bugcheck);
  const auto label = words.parameters[index];
  if (kind == nullptr || index == decider) return label;
  const auto& others = kind->others;
  const auto by_kind = others[index < decider ? index : index - 1];
  if (!by_kind.empty()) return by_kind;
  return label == kDecided ? "" : label;
}

/// Of a parameter that another one decides on, whose value is not among the kinds.
std::string undecided(const snapshot::Bugcheck& bugcheck) {
  const auto decider = decider_of(bugcheck.base_code());
  if (!value_in_words(bugcheck, decider).empty()) return std::string(kNotDocumented);
  return fmt::format("depends on parameter {}", decider + 1);
}

const Name* find_name(std::uint32_t code) {
  const auto found = std::ranges::lower_bound(kNames, code, {}, &Name::code);
  return found != std::end(kNames) && found->code == code ? found : nullptr;
}

}  // namespace

BugcheckInfo bugcheck_info(const snapshot::Bugcheck& bugcheck) noexcept {
  BugcheckInfo info;
  const auto* name = find_name(bugcheck.code);
  if (name == nullptr) name = find_name(bugcheck.base_code());
  if (name != nullptr) info.name = name->name;
  if (const auto* words = words_of(bugcheck.base_code())) info.meaning = words->meaning;
  return info;
}

std::string bugcheck_name(const snapshot::Bugcheck& bugcheck) {
  const auto info = bugcheck_info(bugcheck);
  if (!info.name.empty()) return std::string(info.name);
  return bugcheck.code == 0 ? "no bugcheck" : "an unknown bugcheck";
}

std::string bugcheck_group(const snapshot::Bugcheck& bugcheck) {
  const auto* name = find_name(bugcheck.base_code());
  return name == nullptr ? fmt::format("bugcheck {:#x}", bugcheck.code) : std::string(name->name);
}

std::string parameter_in_words(const snapshot::Bugcheck& bugcheck, std::size_t index) {
  const auto* words = words_of(bugcheck.base_code());
  if (words == nullptr || index >= words->parameters.size()) return {};
  const auto* kind = kind_of(bugcheck);
  if (kind != nullptr && index == 0 && is_kind_at_times(words->code))
    return std::string(kind->text);
  const auto label = label_of(bugcheck, *words, index);
  if (label == kDecided) return undecided(bugcheck);
  const auto value = value_of(bugcheck, index, label);
  if (label.empty()) return value.empty() ? std::string(kNotDocumented) : value;
  return value.empty() ? std::string(label) : fmt::format("{}: {}", label, value);
}

BugcheckText bugcheck_text(const snapshot::Bugcheck& bugcheck) {
  BugcheckText text;
  text.name = bugcheck_name(bugcheck);
  text.meaning = bugcheck_info(bugcheck).meaning;
  for (std::size_t i = 0; i < text.parameters.size(); ++i)
    text.parameters[i] = parameter_in_words(bugcheck, i);
  return text;
}

bool is_made_on_purpose(const snapshot::KernelState& kernel) noexcept {
  switch (kernel.bugcheck.base_code()) {
    case 0:
    case 0xe2:
    case 0x161:
    case 0x184:
    case 0x1c8:
    case 0x11c8:
    case 0x21c8:
    case 0xdeaddead: return true;
    default: return false;
  }
}

}  // namespace vigil::analysis
