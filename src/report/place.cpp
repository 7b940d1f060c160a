// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "report/report.h"

namespace vigil::report {
namespace {

/// `orders` of `orders.dll`: how a debugger writes a module before a function.
std::string_view without_extension(std::string_view module) {
  const auto dot = module.find_last_of('.');
  return dot == std::string_view::npos || dot == 0 ? module : module.substr(0, dot);
}

/// Where the parenthesis is opened that the last character of \p name closes; npos when none is.
std::size_t matching_parenthesis(std::string_view name) {
  std::size_t depth = 0;
  for (auto i = name.size(); i > 0; --i) {
    if (name[i - 1] == ')') ++depth;
    if (name[i - 1] == '(' && --depth == 0) return i - 1;
  }
  return std::string_view::npos;
}

/// `Cart::total` of `Cart::total(int, Map<int>) const`, as Breakpad's files have it: a line of a
/// stack has no room for types of parameters.
std::string_view without_parameters(std::string_view function) {
  auto name = function;
  for (const std::string_view qualifier : {"&", "&", " ", " volatile", " const"})
    if (name.ends_with(qualifier)) name.remove_suffix(qualifier.size());
  if (!name.ends_with(')')) return function;
  const auto open = matching_parenthesis(name);
  if (open == std::string_view::npos) return function;
  const auto plain = name.substr(0, open);
  // `operator()` itself, and `(anonymous namespace)` at the end of a name that was cut.
  const bool is_parameters = !plain.empty() && !plain.ends_with("operator") &&
                             !plain.ends_with("::") && !plain.ends_with(' ');
  return is_parameters ? plain : function;
}

}  // namespace

std::string place_of(const Frame& frame) {
  if (frame.module.empty() && frame.function.empty())
    return fmt::format("{:#018x}", frame.instruction);
  if (frame.function.empty()) return fmt::format("{}+{:#x}", frame.module, frame.module_offset);
  const auto module =
      frame.module.empty() ? "" : fmt::format("{}!", without_extension(frame.module));
  const auto offset =
      frame.function_offset == 0 ? "" : fmt::format("+{:#x}", frame.function_offset);
  return fmt::format("{}{}{}", module, without_parameters(frame.function), offset);
}

}  // namespace vigil::report
