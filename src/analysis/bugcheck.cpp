// SPDX-License-Identifier: Apache-2.0
#include "analysis/bugcheck.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <fmt/format.h>

#include "analysis/fast_fail.h"
#include "base/exception_codes.h"
#include "base/utf.h"

namespace vigil::analysis {
namespace {

struct Name {
  std::uint32_t code;
  std::string_view name;
};
constexpr Name kNames[] = {
#define VIGIL_BUGCHECK_NAME(code, name) {code, name},
#include "analysis/bugcheck_names.inc"
#undef VIGIL_BUGCHECK_NAME
};
static_assert(std::ranges::is_sorted(kNames, {}, &Name::code));

struct Words {
  std::uint32_t code;
  std::string_view meaning;
  std::array<std::string_view, 4> parameters;
};
constexpr Words kWords[] = {
#define VIGIL_BUGCHECK(code, meaning, p1, p2, p3, p4) {code, meaning, {p1, p2, p3, p4}},
#include "analysis/bugcheck_words.inc"
#undef VIGIL_BUGCHECK
};

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

/// Values of the first parameter that say what the others are.
struct Kind {
  std::uint32_t code;
  std::uint64_t value;
  std::string_view text;
  std::array<std::string_view, 3> others;
};
constexpr Kind kKinds[] = {
#define VIGIL_BUGCHECK_KIND(code, value, text, p2, p3, p4) {code, value, text, {p2, p3, p4}},
#include "analysis/bugcheck_kinds.inc"
#undef VIGIL_BUGCHECK_KIND
};

const Kind* kind_of(const snapshot::Bugcheck& bugcheck) {
  const auto found = std::ranges::find_if(kKinds, [&](const Kind& kind) {
    return kind.code == bugcheck.base_code() && kind.value == bugcheck.parameters[0];
  });
  return found == std::end(kKinds) ? nullptr : found;
}

std::string_view irql_name(std::uint64_t irql) {
  switch (irql) {
    case 0: return "passive";
    case 1: return "APC";
    case 2: return "dispatch";
    case 12: return "synchronization";
    case 13: return "clock";
    case 14: return "interprocessor";
    case 15: return "high";
    default: return irql < 12 ? "of a device" : "";
  }
}

std::string_view value_in_words(const snapshot::Bugcheck& bugcheck, std::size_t index) {
  if (const auto* kind = kind_of(bugcheck); kind != nullptr && index == 0) return kind->text;
  const auto found = std::ranges::find_if(kValues, [&](const Value& value) {
    return value.code == bugcheck.base_code() && value.index == index &&
           value.value == bugcheck.parameters[index];
  });
  return found == std::end(kValues) ? std::string_view() : found->text;
}

/// What the words of a parameter say that its value is.
std::string value_of(const snapshot::Bugcheck& bugcheck,
                     std::size_t index,
                     std::string_view label) {
  const auto value = bugcheck.parameters[index];
  if (const auto words = value_in_words(bugcheck, index); !words.empty()) return std::string(words);
  if (label.starts_with("IRQL")) {
    const auto name = irql_name(value);
    return name.empty() ? "" : fmt::format("{}, {}", value, name);
  }
  if (label == "kind of access") return std::string(access_in_words(bugcheck.base_code(), value));
  if (label == "exception code")
    return exception_name(static_cast<std::uint32_t>(value & 0xffffffff));
  if (bugcheck.base_code() == 0x139 && index == 0) {
    const auto* info = find_fast_fail(value);
    return info == nullptr ? "" : std::string(info->name);
  }
  return {};
}

}  // namespace

std::string_view access_in_words(std::uint32_t code, std::uint64_t value) noexcept {
  // From Windows 10 on a page fault in memory that is never paged has 2 for a write.
  constexpr std::uint32_t kPageFault = 0x50;
  switch (value) {
    case 0: return "read";
    case 1: return "write";
    case 2: return code == kPageFault ? "write" : "execute";
    case 8:
    case 0x10: return "execute";
    default: return "";
  }
}

BugcheckInfo bugcheck_info(const snapshot::Bugcheck& bugcheck) noexcept {
  BugcheckInfo info;
  const auto code = bugcheck.base_code();
  const auto name = std::ranges::lower_bound(kNames, code, {}, &Name::code);
  if (name != std::end(kNames) && name->code == code) info.name = name->name;
  if (const auto* words = words_of(code)) info.meaning = words->meaning;
  return info;
}

std::string bugcheck_name(const snapshot::Bugcheck& bugcheck) {
  const auto info = bugcheck_info(bugcheck);
  if (!info.name.empty()) return std::string(info.name);
  return fmt::format("bugcheck {:#x}", bugcheck.code);
}

std::string parameter_in_words(const snapshot::Bugcheck& bugcheck, std::size_t index) {
  const auto* words = words_of(bugcheck.base_code());
  if (words == nullptr || index >= words->parameters.size()) return {};
  const auto* kind = kind_of(bugcheck);
  const auto label =
      kind == nullptr || index == 0 ? words->parameters[index] : kind->others[index - 1];
  const auto value = value_of(bugcheck, index, label);
  if (label.empty() || value.empty()) return label.empty() ? value : std::string(label);
  return fmt::format("{}: {}", label, value);
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
    case 0x1c8:
    case 0xdeaddead: return true;
    default: return false;
  }
}

}  // namespace vigil::analysis
