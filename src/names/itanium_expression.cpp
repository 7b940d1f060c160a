// SPDX-License-Identifier: Apache-2.0
#include "names/itanium.h"

namespace vigil::names {
namespace {

/// What c++filt puts behind a number of that type; nullptr where it puts the type in front.
const char* suffix_of(char code) {
  switch (code) {
    case 'i': return "";
    case 'j': return "u";
    case 'l': return "l";
    case 'm': return "ul";
    case 'x': return "ll";
    case 'y': return "ull";
    default: return nullptr;
  }
}

}  // namespace

/// Expressions stand in template arguments. They are written with a bit too many parentheses, as
/// c++filt does.
NodeId Itanium::expression() {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) return kNone;
  const char next = in_.peek(), after = in_.peek(1);
  if (next == 'L') return literal();
  if (next == 'T' && (after == '_' || after == 'L' || is_digit(after))) return template_parameter();
  if (next == 'f' && (after == 'p' || after == 'L')) return function_parameter();
  if (is_digit(next) || in_.starts_with("sr") || in_.starts_with("on") || in_.starts_with("gs")) {
    return unresolved_name();
  }
  const auto operation = this->operation();
  return operation != kNone ? operation : other_expression();
}

/// An operator of one, two or three operands, and its operands.
NodeId Itanium::operation() {
  const auto* const found = find_operator(in_.rest().substr(0, 2));
  if (found == nullptr || found->arity == 0) return kNone;
  (void)in_.take_text(2);
  if (found->arity == 1) {
    in_.take('_');  // ++ and -- in front of their operand
    return unary(found->sign);
  }
  const auto left = in_parentheses(expression());
  const auto right = left == kNone ? kNone : in_parentheses(expression());
  const auto result = tree_.sequence({left, tree_.text(found->sign), right});
  // The end of a template argument, were it not in parentheses.
  return found->sign == ">" ? tree_.sequence({tree_.text("("), result, tree_.text(")")}) : result;
}

NodeId Itanium::other_expression() {
  const auto code = in_.take_text(2).value_or("");
  if (code == "cl" || code == "cp") return call();
  if (code == "cv") return cast_to();
  if (code == "tl") return tree_.sequence({type(), expressions_until_end()});
  if (code == "il") return expressions_until_end();
  if (code == "sc") return named_cast("static_cast<");
  if (code == "dc") return named_cast("dynamic_cast<");
  if (code == "cc") return named_cast("const_cast<");
  if (code == "rc")
    return named_cast(
        "reinterpret"
        "_cast<");
  if (code == "st") return tree_.sequence({tree_.text("sizeof ("), type(), tree_.text(")")});
  if (code == "sz") return tree_.sequence({tree_.text("sizeof "), in_parentheses(expression())});
  if (code == "at") return tree_.sequence({tree_.text("alignof ("), type(), tree_.text(")")});
  if (code == "az") return tree_.sequence({tree_.text("alignof "), in_parentheses(expression())});
  if (code == "nx")
    return tree_.sequence({tree_.text("noexcept ("), expression(), tree_.text(")")});
  if (code == "ti") return tree_.sequence({tree_.text("typeid ("), type(), tree_.text(")")});
  if (code == "te") return tree_.sequence({tree_.text("typeid ("), expression(), tree_.text(")")});
  if (code == "sp") return tree_.unary(NodeKind::Expansion, expression());
  if (code == "sZ") {
    const auto pack = in_.peek() == 'T' ? template_parameter() : function_parameter();
    return tree_.sequence({tree_.text("sizeof...("), pack, tree_.text(")")});
  }
  if (code == "tw") return tree_.sequence({tree_.text("throw "), expression()});
  if (code == "tr") return tree_.text("throw");
  if (code == "fl" || code == "fL") return fold(true, code == "fL");
  if (code == "fr" || code == "fR") return fold(false, code == "fR");
  const auto first = in_parentheses(expression());
  if (first == kNone) return kNone;
  if (code == "dt") return tree_.sequence({first, tree_.text("."), unresolved_name()});
  if (code == "pt") return tree_.sequence({first, tree_.text("->"), unresolved_name()});
  const auto second = code == "ix" || code == "qu" ? expression() : kNone;
  if (code == "ix") return tree_.sequence({first, tree_.text("["), second, tree_.text("]")});
  if (second == kNone) return kNone;
  return tree_.sequence({first, tree_.text("?"), in_parentheses(second), tree_.text(" : "),
                         in_parentheses(expression())});
}

NodeId Itanium::unary(std::string_view sign) {
  return tree_.sequence({tree_.text(sign), in_parentheses(expression())});
}

/// Names need none.
NodeId Itanium::in_parentheses(NodeId node) {
  if (node == kNone) return kNone;
  const auto kind = tree_[node].kind;
  if (kind == NodeKind::Text || kind == NodeKind::Scope) return node;
  return tree_.sequence({tree_.text("("), node, tree_.text(")")});
}

/// A call of the first expression with the others.
NodeId Itanium::call() {
  const auto called = expression();
  if (called == kNone) return kNone;
  ListBuilder arguments(tree_);
  while (!in_.take('E')) {
    const auto argument = expression();
    if (argument == kNone) return kNone;
    arguments.append(argument);
  }
  const auto all = tree_.unary(NodeKind::Arguments, arguments.list());
  return tree_.sequence({called, tree_.text("("), all, tree_.text(")")});
}

/// `{1, 2}`.
NodeId Itanium::expressions_until_end() {
  ListBuilder values(tree_);
  while (!in_.take('E')) {
    const auto value = expression();
    if (value == kNone) return kNone;
    values.append(value);
  }
  return tree_.sequence(
      {tree_.text("{"), tree_.unary(NodeKind::Arguments, values.list()), tree_.text("}")});
}

/// Of one value, or of a list.
NodeId Itanium::cast_to() {
  const auto to = type();
  if (to == kNone) return kNone;
  const auto target = tree_.sequence({tree_.text("("), to, tree_.text(")")});
  if (!in_.take('_')) return tree_.sequence({target, in_parentheses(expression())});
  ListBuilder values(tree_);
  while (!in_.take('E')) {
    const auto value = expression();
    if (value == kNone) return kNone;
    values.append(value);
  }
  const auto all = tree_.unary(NodeKind::Arguments, values.list());
  return tree_.sequence({target, tree_.text("("), all, tree_.text(")")});
}

NodeId Itanium::named_cast(std::string_view which) {
  const auto to = type();
  if (to == kNone) return kNone;
  return tree_.sequence({tree_.text(which), to, tree_.text(">("), expression(), tree_.text(")")});
}

NodeId Itanium::fold(bool left, bool with_initial) {
  const auto* const found = find_operator(in_.take_text(2).value_or(""));
  if (found == nullptr) return kNone;
  const auto sign = tree_.text(found->sign), dots = tree_.text("...");
  const auto first = in_parentheses(expression());
  if (first == kNone) return kNone;
  const auto open = tree_.text("("), close = tree_.text(")");
  if (!with_initial) {
    return left ? tree_.sequence({open, dots, sign, first, close})
                : tree_.sequence({open, first, sign, dots, close});
  }
  const auto second = in_parentheses(expression());
  return tree_.sequence({open, first, sign, dots, sign, second, close});
}

/// `fp_`, `fp0_`, `fL0p_`, `fpT`.
NodeId Itanium::function_parameter() {
  if (in_.take("fpT")) return tree_.text("this");
  if (in_.take("fL")) {
    if (!in_.take_decimal() || !in_.take('p')) return kNone;
  } else if (!in_.take("fp")) {
    return kNone;
  }
  (void)cv_qualifiers();
  const auto number = in_.take('_') ? std::optional<std::uint32_t>(1) : counted();
  if (!number) return kNone;
  return tree_.sequence({tree_.text("{parm#"), tree_.number(*number), tree_.text("}")});
}

/// `Li5E`, `Lb1E`, `L_Z1fvE`, `LDnE`, `L1E0E`.
NodeId Itanium::literal() {
  in_.take('L');
  if (in_.take("_Z") || in_.take('Z')) {
    const auto function = encoding(Part::WithReturnType);
    return in_.take('E') ? function : kNone;
  }
  const char code = in_.peek();
  const auto of = type();
  return of == kNone ? kNone : literal_of(of, code);
}

NodeId Itanium::literal_of(NodeId type, char code) {
  const bool is_lambda = in_.peek() == 'E' && tree_[type].kind == NodeKind::Lambda;
  const bool is_negative = in_.take('n');
  const auto digits = in_.take_until('E');
  if (!digits || digits->size() > 64) return kNone;
  for (const char c : *digits) {
    if (!is_digit(c) && !is_lower(c) && c != '_') return kNone;
  }
  if (is_lambda) return type;
  if (code == 'b' && *digits == "0") return tree_.text("false");
  if (code == 'b' && *digits == "1") return tree_.text("true");
  const auto value = tree_.text(digits->empty() ? "0" : *digits);
  const auto sign = tree_.text(is_negative ? "-" : "");
  if (const char* const suffix = suffix_of(code)) {
    return tree_.sequence({sign, value, tree_.text(suffix)});
  }
  const auto cast = tree_.sequence({tree_.text("("), type, tree_.text(")"), sign});
  if (code != 'd' && code != 'f' && code != 'e') return tree_.sequence({cast, value});
  return tree_.sequence({cast, tree_.text("["), value, tree_.text("]")});
}

/// A name that depends on template parameters: `sr 1A 1x`, `srN 1A 1B E 1x`, `1x`, `on pl`.
NodeId Itanium::unresolved_name() {
  in_.take("gs");
  if (!in_.take("sr")) return base_unresolved_name();
  if (in_.take('N') || is_digit(in_.peek())) {
    const bool nested = !is_digit(in_.peek());
    NodeId scope = nested ? type() : simple_id(source_name());
    while (scope != kNone && !in_.take('E')) {
      if (!is_digit(in_.peek())) break;
      scope = tree_.binary(NodeKind::Scope, scope, simple_id(source_name()));
    }
    return tree_.binary(NodeKind::Scope, scope, scope == kNone ? kNone : base_unresolved_name());
  }
  auto scope = type();
  if (scope != kNone && in_.peek() == 'I') {
    scope = tree_.binary(NodeKind::Template, scope, template_arguments(nullptr));
    substitutions_.push_back(scope);
  }
  return tree_.binary(NodeKind::Scope, scope, scope == kNone ? kNone : base_unresolved_name());
}

NodeId Itanium::base_unresolved_name() {
  if (is_digit(in_.peek())) return simple_id(source_name());
  if (in_.take("dn")) {
    const auto of = is_digit(in_.peek()) ? simple_id(source_name()) : type();
    return tree_.sequence({tree_.text("~"), of});
  }
  in_.take("on");
  return simple_id(operator_name(nullptr));
}

NodeId Itanium::simple_id(NodeId name) {
  if (name == kNone || in_.peek() != 'I') return name;
  return tree_.binary(NodeKind::Template, name, template_arguments(nullptr));
}

}  // namespace vigil::names
