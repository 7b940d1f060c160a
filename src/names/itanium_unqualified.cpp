// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "names/itanium.h"

namespace vigil::names {
namespace {

constexpr std::array kOperators = {
    ItaniumOperator{"aN", "&=", 2},       ItaniumOperator{"aS", "=", 2},
    ItaniumOperator{"aa", "&&", 2},       ItaniumOperator{"ad", "&", 1},
    ItaniumOperator{"an", "&", 2},        ItaniumOperator{"aw", "co_await", 1},
    ItaniumOperator{"cl", "()", 0},       ItaniumOperator{"cm", ",", 2},
    ItaniumOperator{"co", "~", 1},        ItaniumOperator{"dV", "/=", 2},
    ItaniumOperator{"da", "delete[]", 0}, ItaniumOperator{"de", "*", 1},
    ItaniumOperator{"dl", "delete", 0},   ItaniumOperator{"ds", ".*", 2},
    ItaniumOperator{"dt", ".", 0},        ItaniumOperator{"dv", "/", 2},
    ItaniumOperator{"eO", "^=", 2},       ItaniumOperator{"eo", "^", 2},
    ItaniumOperator{"eq", "==", 2},       ItaniumOperator{"ge", ">=", 2},
    ItaniumOperator{"gt", ">", 2},        ItaniumOperator{"ix", "[]", 0},
    ItaniumOperator{"lS", "<<=", 2},      ItaniumOperator{"le", "<=", 2},
    ItaniumOperator{"ls", "<<", 2},       ItaniumOperator{"lt", "<", 2},
    ItaniumOperator{"mI", "-=", 2},       ItaniumOperator{"mL", "*=", 2},
    ItaniumOperator{"mi", "-", 2},        ItaniumOperator{"ml", "*", 2},
    ItaniumOperator{"mm", "--", 1},       ItaniumOperator{"na", "new[]", 0},
    ItaniumOperator{"ne", "!=", 2},       ItaniumOperator{"ng", "-", 1},
    ItaniumOperator{"nt", "!", 1},        ItaniumOperator{"nw", "new", 0},
    ItaniumOperator{"oR", "|=", 2},       ItaniumOperator{"oo", "||", 2},
    ItaniumOperator{"or", "|", 2},        ItaniumOperator{"pL", "+=", 2},
    ItaniumOperator{"pl", "+", 2},        ItaniumOperator{"pm", "->*", 2},
    ItaniumOperator{"pp", "++", 1},       ItaniumOperator{"ps", "+", 1},
    ItaniumOperator{"pt", "->", 0},       ItaniumOperator{"qu", "?", 0},
    ItaniumOperator{"rM", "%=", 2},       ItaniumOperator{"rS", ">>=", 2},
    ItaniumOperator{"rm", "%", 2},        ItaniumOperator{"rs", ">>", 2},
    ItaniumOperator{"ss", "<=>", 2},
};
static_assert(std::ranges::is_sorted(kOperators, {}, &ItaniumOperator::code));

}  // namespace

const ItaniumOperator* find_operator(std::string_view code) {
  const auto* const found = std::ranges::lower_bound(kOperators, code, {}, &ItaniumOperator::code);
  return found != kOperators.end() && found->code == code ? found : nullptr;
}

NodeId Itanium::unqualified_name(NodeId scope, Function* function) {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) return kNone;
  auto result = bare_unqualified_name(scope, function);
  while (result != kNone && in_.take('B')) {
    result = tree_.binary(NodeKind::Tagged, result, source_name());
  }
  return result;
}

NodeId Itanium::bare_unqualified_name(NodeId scope, Function* function) {
  in_.take('F');  // a friend, which is a member in name only
  in_.take('L');  // of internal linkage
  const char next = in_.peek(), after = in_.peek(1);
  if (is_digit(next)) return source_name();
  if (next == 'U') return after == 'l' ? lambda() : unnamed_type();
  if (next == 'D' && after == 'C') return structured_binding();
  const bool is_constructor = next == 'C' && (is_digit(after) || after == 'I');
  const bool is_destructor = next == 'D' && is_digit(after);
  if (is_constructor || is_destructor) return constructor_or_destructor(scope, function);
  return is_lower(next) ? operator_name(function) : kNone;
}

/// `5Class`.
NodeId Itanium::source_name() {
  const auto length = in_.take_decimal();
  if (!length || *length == 0) return kNone;
  const auto text = in_.take_text(*length);
  if (!text || !std::ranges::all_of(*text, is_graphic)) return kNone;
  const bool anonymous =
      text->size() > 9 && text->starts_with("_GLOBAL_") && text->substr(9, 1) == "N";
  return tree_.text(anonymous ? "(anonymous namespace)" : *text);
}

NodeId Itanium::operator_name(Function* function) {
  if (in_.take("cv")) return conversion(function);
  if (in_.take("li")) return tree_.sequence({tree_.text("operator\"\" "), source_name()});
  if (in_.peek() == 'v' && is_digit(in_.peek(1))) {  // the vendor's own, with its arity
    (void)in_.take_text(2);
    return tree_.sequence({tree_.text("operator "), source_name()});
  }
  const auto code = in_.take_text(2);
  const auto* const found = code ? find_operator(*code) : nullptr;
  if (found == nullptr) return kNone;
  const bool is_word = is_lower(found->sign.front());
  return tree_.sequence({tree_.text(is_word ? "operator " : "operator"), tree_.text(found->sign)});
}

/// The type may name template arguments that are read only behind it.
NodeId Itanium::conversion(Function* function) {
  if (function != nullptr) function->has_no_return_type = true;
  const bool outer = std::exchange(in_conversion_, function != nullptr && !in_lambda_);
  const bool outer_ends = std::exchange(ends_before_arguments_, true);
  const auto to = type();
  in_conversion_ = outer;
  ends_before_arguments_ = outer_ends;
  return tree_.sequence({tree_.text("operator "), to});
}

NodeId Itanium::constructor_or_destructor(NodeId scope, Function* function) {
  if (function != nullptr) function->has_no_return_type = true;
  const bool is_destructor = in_.take_char() == 'D';
  const bool inherits = in_.take('I');
  (void)in_.take_char();  // which of its variants
  if (inherits && type() == kNone) return kNone;
  const auto base = base_name(scope);
  return is_destructor ? tree_.sequence({tree_.text("~"), base}) : base;
}

/// The last part of \p scope without template arguments: what its constructors are called.
NodeId Itanium::base_name(NodeId scope) {
  while (true) {
    const Node& node = tree_[scope];
    if (node.kind == NodeKind::Scope) {
      scope = node.second;
    } else if (node.kind == NodeKind::Template || node.kind == NodeKind::Tagged) {
      scope = node.first;
    } else {
      break;
    }
  }
  if (tree_[scope].kind != NodeKind::Text) return scope;
  const auto plain = tree_[scope].text.substr(0, tree_[scope].text.find('<'));
  const auto colon = plain.rfind(':');
  return colon == std::string_view::npos ? scope : tree_.text(plain.substr(colon + 1));
}

NodeId Itanium::structured_binding() {
  in_.take("DC");
  ListBuilder names(tree_);
  while (!in_.take('E')) {
    const auto name = source_name();
    if (name == kNone) return kNone;
    names.append(name);
  }
  const auto all = tree_.unary(NodeKind::Arguments, names.list());
  return tree_.sequence({tree_.text("["), all, tree_.text("]")});
}

NodeId Itanium::unnamed_type() {
  if (!in_.take("Ut")) return kNone;
  const auto number = counted();
  if (!number) return kNone;
  const auto result =
      tree_.sequence({tree_.text("{unnamed type#"), tree_.number(*number), tree_.text("}")});
  return result;
}

NodeId Itanium::lambda() {
  in_.take("Ul");
  const bool outer = std::exchange(in_lambda_, true);
  while (in_.peek() == 'T' && template_declaration()) {
  }
  const auto parameters = parameter_list();
  in_lambda_ = outer;
  if (parameters == kNone || !in_.take('E')) return kNone;
  const auto number = counted();
  if (!number) return kNone;
  return tree_.add({.kind = NodeKind::Lambda, .value = *number, .first = parameters});
}

}  // namespace vigil::names
