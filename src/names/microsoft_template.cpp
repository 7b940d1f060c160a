// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "names/microsoft.h"

namespace vigil::names {

/// Behind `?$`: the template's name and its arguments. References inside are to names inside; the
/// instance as a whole is a name of what is around it. Those of functions are not.
Microsoft::Unqualified Microsoft::template_instance(bool is_function) {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) return {};
  const auto before = in_.rest();
  const auto outer = std::exchange(references_, {});
  auto result = in_.take('?') ? operator_name() : Unqualified{.node = simple_name()};
  const auto arguments = template_arguments();
  references_ = outer;
  if (arguments == kNone) return {};
  if (result.conversion_type != kNone) {
    const auto name = tree_.binary(NodeKind::Template, tree_.text("operator"), arguments);
    result.node = tree_.sequence({name, tree_.text(" "), result.conversion_type});
    return result;
  }
  result.node = tree_.binary(NodeKind::Template, result.node, arguments);
  if (!is_function && result.node != kNone) remember(since(before), result.node);
  return result;
}

NodeId Microsoft::template_arguments() {
  ListBuilder arguments(tree_);
  while (!in_.take('@')) {
    bool is_nothing = false;
    const auto argument = template_argument(is_nothing);
    if (is_nothing) continue;
    if (argument == kNone) return kNone;
    arguments.append(argument);
  }
  return arguments.list();
}

NodeId Microsoft::template_argument(bool& is_nothing) {
  // Packs without items, and the ends of packs.
  is_nothing = in_.take("$S") || in_.take("$$V") || in_.take("$$$V") || in_.take("$$Z");
  if (is_nothing) return kNone;
  if (in_.take("$$Y")) return type_name();
  if (in_.take("$M")) {  // auto: what it was deduced to be
    if (type() == kNone) return kNone;
    in_.take('$');
    return value(in_.take_char());
  }
  if (in_.peek() != '$' || in_.peek(1) == '$') return type();
  (void)in_.take_char();
  return value(in_.take_char());
}

/// Of a template parameter that is no type.
NodeId Microsoft::value(char kind) {
  constexpr std::size_t kOfTwo = 2, kOfThree = 3;
  const Nesting nesting(depth_);
  if (nesting.too_deep()) return kNone;
  switch (kind) {
    case '0': return number();
    case '1':
    case 'E':
    case 'H':
    case 'I':
    case 'J': return address_of_symbol(kind);
    case '2':
    case '3': return structure();
    case 'D': return placeholder("`template-parameter-");
    case 'Q': return placeholder("`non-type-template-parameter-");
    case 'F':
    case 'G':
      return tree_.sequence(
          {tree_.text("{"), numbers(kind == 'F' ? kOfTwo : kOfThree), tree_.text("}")});
    case 'R': {
      const auto name = in_.take_until('@');
      return name ? value(in_.take('$') ? in_.take_char() : '0') : kNone;
    }
    default: return kNone;
  }
}

/// With E the thing itself; from H to J also how the object is found that a member function is
/// called for.
NodeId Microsoft::address_of_symbol(char kind) {
  const auto of = symbol(false);
  if (of == kNone || kind == 'E') return of;
  if (kind == '1') return tree_.sequence({tree_.text("&"), of});
  const auto where = numbers(static_cast<std::size_t>(kind - 'H') + 1);
  return tree_.sequence({tree_.text("{"), of, tree_.text(","), where, tree_.text("}")});
}

/// Written with commas.
NodeId Microsoft::numbers(std::size_t count) {
  NodeId result = number();
  for (std::size_t i = 1; i < count; ++i) {
    result = tree_.sequence({result, tree_.text(","), number()});
  }
  return result;
}

/// A class with its members, or an array with its elements, as an argument.
NodeId Microsoft::structure() {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) return kNone;
  const auto of = type();
  ListBuilder members(tree_);
  while (of != kNone && !in_.take('@')) {
    const auto member = value(in_.take_char());
    if (member == kNone) return kNone;
    members.append(member);
  }
  const auto all = tree_.unary(NodeKind::Arguments, members.list());
  return tree_.sequence({of, tree_.text("{"), all, tree_.text("}")});
}

NodeId Microsoft::placeholder(std::string_view prefix) {
  return tree_.sequence({tree_.text(prefix), number(), tree_.text("'")});
}

/// A digit is one less than the number; otherwise hexadecimal digits from A to P, up to `@`.
std::optional<Microsoft::Number> Microsoft::take_number() {
  constexpr std::uint64_t kOverflow = std::uint64_t{1} << 60;
  const bool is_negative = in_.take('?');
  if (is_digit(in_.peek())) {
    return Number{static_cast<std::uint64_t>(in_.take_char() - '0') + 1, is_negative};
  }
  std::uint64_t value = 0;
  while (!in_.take('@')) {
    const char c = in_.take_char();
    if (c < 'A' || c > 'P' || value >= kOverflow) return std::nullopt;
    value = value * 16 + static_cast<std::uint64_t>(c - 'A');
  }
  return Number{value, is_negative};
}

NodeId Microsoft::number() {
  const auto value = take_number();
  if (!value) return kNone;
  const auto magnitude = tree_.number(value->magnitude);
  return value->is_negative ? tree_.sequence({tree_.text("-"), magnitude}) : magnitude;
}

}  // namespace vigil::names
