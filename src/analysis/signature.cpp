// SPDX-License-Identifier: Apache-2.0
#include "analysis/signature.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "analysis/blame.h"
#include "analysis/fast_fail.h"
#include "base/utf.h"

namespace vigil::analysis {
namespace {

constexpr std::size_t kFramesInSignature = 3;
/// Deeper frames say how the program got there, not what failed.
constexpr std::size_t kFramesToConsider = 64;
constexpr std::string_view kDelimiter = " | ";

std::string module_name(std::string_view file_name) {
  const auto dot = file_name.find_last_of('.');
  return ascii_lower(dot == std::string_view::npos || dot == 0 ? file_name
                                                               : file_name.substr(0, dot));
}

/// One part of the signature. The system's own code changes with every update, so it is named by
/// module and function, never by an offset.
std::string part_of(const report::Frame& frame) {
  if (frame.module.empty()) return "(outside of any module)";
  const auto function = normalize_function(frame.function);
  if (!function.empty()) return fmt::format("{}!{}", module_name(frame.module), function);
  if (is_system_module(frame.module)) return module_name(frame.module);
  return fmt::format("{}+{:#x}", ascii_lower(frame.module), frame.module_offset);
}

/// The parts of the first \p limit frames that pass \p predicate, neighbours that are equal once.
template <class Predicate>
std::vector<std::string> parts_of(const report::Thread& stack,
                                  std::size_t limit,
                                  Predicate predicate) {
  std::vector<std::string> parts;
  const auto considered = std::min(stack.frames.size(), kFramesToConsider);
  for (std::size_t i = 0; i < considered && parts.size() < limit; ++i) {
    if (!predicate(stack.frames[i])) continue;
    auto part = part_of(stack.frames[i]);
    if (parts.empty() || parts.back() != part) parts.push_back(std::move(part));
  }
  return parts;
}

/// What a stack that is used up repeats, by name: where in the circle it ended is chance.
std::vector<std::string> recursion_of(const report::Thread& stack) {
  std::map<std::string, std::size_t> seen;
  const auto considered = std::min(stack.frames.size(), kFramesToConsider);
  for (std::size_t i = 0; i < considered; ++i) {
    if (may_be_blamed(stack.frames[i]) && !is_guess(stack.frames[i]))
      ++seen[part_of(stack.frames[i])];
  }
  std::vector<std::string> parts;
  for (const auto& [part, count] : seen) {
    if (count > 1 && parts.size() < kFramesInSignature) parts.push_back(part);
  }
  return parts;
}

std::vector<std::string> choose_parts(const report::Thread& stack, const DecodedCrash* crash) {
  if (crash != nullptr && crash->ending == Ending::StackOverflow) {
    if (auto parts = recursion_of(stack); !parts.empty()) return parts;
  }
  const auto sure = [](const report::Frame& frame) { return !is_guess(frame); };
  const auto sure_and_ours = [&sure](const report::Frame& frame) {
    return may_be_blamed(frame) && sure(frame);
  };
  if (is_ended_by_runtime(crash)) {
    const auto named = [&](const report::Frame& frame) {
      return sure_and_ours(frame) && !frame.function.empty();
    };
    if (auto parts = parts_of(stack, kFramesInSignature, named); !parts.empty()) return parts;
  }
  auto parts = parts_of(stack, kFramesInSignature, sure_and_ours);
  if (parts.empty()) parts = parts_of(stack, 1, may_be_blamed);
  if (parts.empty()) parts = parts_of(stack, kFramesInSignature, sure);
  return parts;
}

std::string class_of(const DecodedCrash* crash) {
  if (crash == nullptr) return "NO_EXCEPTION";
  if (crash->ending == Ending::Exit) return crash->crash.name + " (exit)";
  const auto& parameters = crash->crash.parameters;
  if (crash->ending == Ending::FastFail && !parameters.empty()) {
    const auto name = fast_fail_name(parameters.front());
    return fmt::format("{} ({})", crash->crash.name,
                       name.empty() ? fmt::format("{}", parameters.front()) : std::string(name));
  }
  return crash->crash.name;
}

/// The end of a C++ operator's name that starts at \p position with `operator`: its symbol may be
/// made of the very characters that are looked for.
std::size_t end_of_operator(std::string_view name, std::size_t position) {
  constexpr std::string_view kOperator = "operator", kSymbols = "<>=!+-*/%^&|~,[]";
  auto end = position + kOperator.size();
  if (name.substr(end).starts_with("()")) return end + 2;
  while (end < name.size() && kSymbols.find(name[end]) != std::string_view::npos) ++end;
  return end;
}

bool starts_word(std::string_view name, std::size_t position) {
  return position == 0 || name[position - 1] == ':' || name[position - 1] == ' ';
}

/// \p name with each outermost <…> as <T>, up to the parameter list.
std::string without_arguments(std::string_view name) {
  constexpr std::string_view kAnonymous = "(anonymous namespace)";
  std::string result;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto rest = name.substr(i);
    if (depth == 0 && rest.starts_with("operator") && starts_word(name, i)) {
      const auto end = end_of_operator(name, i);
      result.append(name.substr(i, end - i));
      i = end - 1;
    } else if (depth == 0 && rest.starts_with(kAnonymous)) {
      result.append(kAnonymous);
      i += kAnonymous.size() - 1;
    } else if (rest.front() == '<') {
      if (depth++ == 0) result += "<T>";
    } else if (rest.front() == '>' && depth > 0) {
      --depth;
    } else if (depth == 0 && rest.front() == '(' && i > 0) {
      break;
    } else if (depth == 0) {
      result += rest.front();
    }
  }
  return result;
}

/// What GCC, clang and rustc append to the name of a part or a copy of a function.
std::string_view without_clone_suffix(std::string_view name) {
  constexpr std::array<std::string_view, 6> kSuffixes = {".part.", ".isra.", ".constprop.",
                                                         ".cold",  ".llvm.", ".lto_priv."};
  for (const auto suffix : kSuffixes) {
    const auto at = name.find(suffix);
    if (at != std::string_view::npos && at != 0) name = name.substr(0, at);
  }
  constexpr std::size_t kRustHash = 19;  // ::h and 16 digits
  if (name.size() > kRustHash && name.substr(name.size() - kRustHash).starts_with("::h") &&
      name.find_last_not_of("0123456789abcdef") == name.size() - kRustHash + 2) {
    name = name.substr(0, name.size() - kRustHash);
  }
  return name;
}

std::string within(std::size_t limit, std::string text) {
  constexpr std::string_view kCut = "...";
  if (text.size() <= limit) return text;
  auto end = limit - kCut.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end).append(kCut);
}

}  // namespace

std::string normalize_function(std::string_view function) {
  const auto name = without_clone_suffix(function);
  const bool mangled = name.starts_with('?') || name.starts_with("_Z");
  auto result = mangled ? std::string(name) : without_arguments(name);
  while (result.ends_with(' ')) result.pop_back();
  return result;
}

report::Signature make_signature(const report::Thread* stack, const DecodedCrash* crash) {
  std::string where;
  if (stack != nullptr) {
    for (const auto& part : choose_parts(*stack, crash)) {
      if (!where.empty()) where += kDelimiter;
      where += part;
    }
  }
  if (where.empty()) where = "(no stack)";
  // What failed comes last and is never cut off; the names of exceptions are short.
  const auto what = std::string(kDelimiter) + class_of(crash);
  return {printable_utf8(within(kMaxSignatureBytes - what.size(), std::move(where)) + what),
          kSignatureVersion};
}

}  // namespace vigil::analysis
