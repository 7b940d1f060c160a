// SPDX-License-Identifier: Apache-2.0
#include "analysis/siglists.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace vigil::analysis {
namespace {

constexpr std::string_view kSentinel[] = {
#include "analysis/siglist_sentinel.inc"
};
constexpr std::string_view kIrrelevant[] = {
#include "analysis/siglist_irrelevant.inc"
};
constexpr std::string_view kPrefix[] = {
#include "analysis/siglist_prefix.inc"
};
constexpr std::string_view kTrim[] = {
#include "analysis/siglist_trim.inc"
};

/// The two halves of a pattern.
struct Halves {
  std::string_view module, function;
};

constexpr Halves split(std::string_view pattern) {
  const auto mark = pattern.find('!');
  return {pattern.substr(0, mark), pattern.substr(mark + 1)};
}

constexpr bool is_literal(std::string_view half) {
  return half.find('*') == std::string_view::npos;
}

/// One list, sorted into what a binary search finds and what has to be tried one by one. Each frame
/// of a stack is looked up in all of them.
template <std::size_t kCount>
struct Lookup {
  std::array<std::string_view, kCount> functions{};  ///< `*!abort`, sorted.
  std::array<std::string_view, kCount> modules{};    ///< `ntdll.dll!*`, sorted.
  std::array<std::string_view, kCount> others{};
  std::size_t function_count = 0, module_count = 0, other_count = 0;
};

template <std::size_t kCount>
consteval Lookup<kCount> make_lookup(const std::string_view (&patterns)[kCount]) {
  Lookup<kCount> lookup;
  for (const auto pattern : patterns) {
    const auto [module, function] = split(pattern);
    if (module == "*" && is_literal(function)) {
      lookup.functions[lookup.function_count++] = pattern;
    } else if (is_literal(module) && function == "*") {
      lookup.modules[lookup.module_count++] = pattern;
    } else {
      lookup.others[lookup.other_count++] = pattern;
    }
  }
  std::sort(lookup.functions.begin(), lookup.functions.begin() + lookup.function_count);
  std::sort(lookup.modules.begin(), lookup.modules.begin() + lookup.module_count);
  return lookup;
}

constexpr auto kSentinelLookup = make_lookup(kSentinel);
constexpr auto kIrrelevantLookup = make_lookup(kIrrelevant);
constexpr auto kPrefixLookup = make_lookup(kPrefix);

/// The pattern in the first \p count of the sorted \p patterns whose half that is named equals
/// \p text.
template <class Patterns>
std::string_view find_sorted(const Patterns& patterns,
                             std::size_t count,
                             std::string_view Halves::* half,
                             std::string_view text) noexcept {
  const auto end = patterns.begin() + static_cast<std::ptrdiff_t>(count);
  const auto found = std::lower_bound(patterns.begin(), end, text,
                                      [half](std::string_view pattern, std::string_view wanted) {
                                        return split(pattern).*half < wanted;
                                      });
  const bool equal = found != end && split(*found).*half == text;
  return equal ? *found : std::string_view();
}

template <std::size_t kCount>
std::string_view find_module(const Lookup<kCount>& lookup, std::string_view module) noexcept {
  const auto found = find_sorted(lookup.modules, lookup.module_count, &Halves::module, module);
  if (!found.empty()) return found;
  for (std::size_t i = 0; i < lookup.other_count; ++i) {
    const auto halves = split(lookup.others[i]);
    if (halves.module != "*" && halves.function == "*" && matches(halves.module, module))
      return lookup.others[i];
  }
  return {};
}

template <std::size_t kCount>
std::string_view find_in(const Lookup<kCount>& lookup,
                         std::string_view module,
                         std::string_view function) noexcept {
  const auto by_name =
      find_sorted(lookup.functions, lookup.function_count, &Halves::function, function);
  if (!by_name.empty()) return by_name;
  const auto by_module = find_module(lookup, module);
  if (!by_module.empty()) return by_module;
  for (std::size_t i = 0; i < lookup.other_count; ++i) {
    const auto halves = split(lookup.others[i]);
    if (matches(halves.module, module) && matches(halves.function, function))
      return lookup.others[i];
  }
  return {};
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) noexcept {
  // The usual walk with one place to come back to: linear but for patterns with many stars.
  std::size_t p = 0, t = 0;
  auto star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string_view find_pattern(SigList list,
                              std::string_view module,
                              std::string_view function) noexcept {
  switch (list) {
    case SigList::Sentinel: return find_in(kSentinelLookup, module, function);
    case SigList::Irrelevant: return find_in(kIrrelevantLookup, module, function);
    case SigList::Prefix: return find_in(kPrefixLookup, module, function);
  }
  return {};
}

std::string_view find_system_module(std::string_view module) noexcept {
  return find_module(kIrrelevantLookup, module);
}

std::span<const std::string_view> trim_texts() noexcept {
  return kTrim;
}

}  // namespace vigil::analysis
