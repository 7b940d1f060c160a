// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "names/itanium.h"

namespace vigil::names {
namespace {

struct Standard {
  char code;
  std::string_view name;
};

constexpr std::array kStandard = {
    Standard{'a', "std::allocator"},
    Standard{'b', "std::basic_string"},
    Standard{'s', "std::basic_string<char, std::char_traits<char>, std::allocator<char> >"},
    Standard{'i', "std::basic_istream<char, std::char_traits<char> >"},
    Standard{'o', "std::basic_ostream<char, std::char_traits<char> >"},
    Standard{'d', "std::basic_iostream<char, std::char_traits<char> >"},
};

}  // namespace

NodeId Itanium::encoding(Part part) {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) return kNone;
  if (in_.peek() == 'T' || in_.peek() == 'G') return special_name();
  // Arguments of what this is part of are not those of this.
  const auto outer_parameters = std::exchange(parameters_, {});
  const auto outer_forwards = std::exchange(forwards_, {});
  Function function;
  auto result = name(&function);
  for (const auto forward : forwards_) {
    const auto index = tree_[forward].value;
    if (index >= parameters_.size()) return kNone;
    tree_.resolve(forward, parameters_[index]);
  }
  const char next = in_.peek();
  if (result != kNone && part != Part::Name && next != '\0' && next != 'E' && next != '.') {
    result = function_type_of(result, function, part == Part::WithReturnType);
  }
  // A local name goes on with the arguments of the function that it is in.
  if (parameters_.empty()) parameters_ = outer_parameters;
  forwards_ = outer_forwards;
  return result;
}

NodeId Itanium::function_type_of(NodeId name, const Function& function, bool with_return) {
  const bool returns = function.ends_with_arguments && !function.has_no_return_type;
  const auto returned = returns ? type() : kEmptyList;
  if (returned == kNone) return kNone;
  const auto parameters = parameter_list();
  if (parameters == kNone) return kNone;
  const auto type = tree_.add({.kind = NodeKind::Function,
                               .flags = function.qualifiers,
                               .first = returns && with_return ? returned : kNone,
                               .second = parameters});
  return tree_.binary(NodeKind::Encoding, name, type);
}

/// One type at least; `v` alone is none.
NodeId Itanium::parameter_list() {
  ListBuilder parameters(tree_);
  if (in_.take('v')) return parameters.list();
  do {
    const auto parameter = type();
    if (parameter == kNone) return kNone;
    parameters.append(parameter);
  } while (!in_.empty() && in_.peek() != 'E' && in_.peek() != '.' && in_.peek() != 'Q' &&
           !in_.starts_with("RE") && !in_.starts_with("OE"));
  return parameters.list();
}

NodeId Itanium::name(Function* function) {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) return kNone;
  if (in_.peek() == 'N') return nested_name(function);
  if (in_.peek() == 'Z') return local_name(function);
  const bool known = in_.peek() == 'S' && in_.peek(1) != 't';
  auto result = known ? substitution() : unscoped_name(function);
  if (result == kNone) return kNone;
  if (in_.peek() != 'I') return known ? kNone : result;
  if (!known) substitutions_.push_back(result);
  result = tree_.binary(NodeKind::Template, result, template_arguments(function));
  if (function != nullptr) function->ends_with_arguments = true;
  return result;
}

NodeId Itanium::unscoped_name(Function* function) {
  if (!in_.take("St")) return unqualified_name(kNone, function);
  return tree_.binary(NodeKind::Scope, tree_.text("std"), unqualified_name(kNone, function));
}

NodeId Itanium::nested_name(Function* function) {
  in_.take('N');
  in_.take('H');  // of a member function whose object is a parameter
  auto qualifiers = cv_qualifiers();
  if (in_.take('R')) qualifiers |= kLvalue;
  if (in_.take('O')) qualifiers |= kRvalue;
  NodeId scope = kNone;
  bool is_candidate = false;
  while (!in_.take('E')) {
    if (scope != kNone && in_.take('M'))
      continue;  // what follows belongs to a member's initializer
    scope = nested_part(scope, function, is_candidate);
    if (scope == kNone) return kNone;
    if (is_candidate) substitutions_.push_back(scope);
  }
  if (scope == kNone) return kNone;
  // The name as a whole is one only as a type, which sees to it.
  if (is_candidate) substitutions_.pop_back();
  if (function != nullptr) function->qualifiers |= qualifiers;
  return scope;
}

/// The next part of a nested name, put behind \p scope.
NodeId Itanium::nested_part(NodeId scope, Function* function, bool& is_candidate) {
  is_candidate = true;
  const char next = in_.peek(), after = in_.peek(1);
  if (function != nullptr) function->ends_with_arguments = next == 'I';
  if (next == 'I') {
    return scope == kNone ? kNone
                          : tree_.binary(NodeKind::Template, scope, template_arguments(function));
  }
  if (next == 'T' && scope == kNone) return template_parameter();
  if (next == 'D' && (after == 't' || after == 'T') && scope == kNone) return decltype_of();
  if (next == 'S' && scope == kNone) {
    is_candidate = false;
    return in_.take("St") ? tree_.text("std") : substitution();
  }
  const auto part = unqualified_name(scope, function);
  return scope == kNone ? part : tree_.binary(NodeKind::Scope, scope, part);
}

NodeId Itanium::local_name(Function* function) {
  in_.take('Z');
  const auto inside = encoding(Part::WithParameters);
  if (inside == kNone || !in_.take('E')) return kNone;
  if (in_.take('s')) {
    discriminator();
    return tree_.binary(NodeKind::Scope, inside, tree_.text("string literal"));
  }
  if (!in_.take('d')) {
    const auto entity = name(function);
    discriminator();
    return tree_.binary(NodeKind::Scope, inside, entity);
  }
  const auto number = counted();
  if (!number) return kNone;
  const auto argument =
      tree_.sequence({tree_.text("{default arg#"), tree_.number(*number), tree_.text("}")});
  const auto entity = name(function);
  return tree_.binary(NodeKind::Scope, tree_.binary(NodeKind::Scope, inside, argument), entity);
}

/// `_3`, `__12_`: which of several that have the same name in a function.
void Itanium::discriminator() {
  const Cursor before = in_;
  if (in_.take("__")) {
    if (in_.take_decimal() && in_.take('_')) return;
  } else if (in_.take('_') && is_digit(in_.peek())) {
    (void)in_.take_char();
    return;
  }
  in_ = before;
}

NodeId Itanium::substitution() {
  in_.take('S');
  if (is_lower(in_.peek())) return standard_substitution();
  const auto index = sequence_number();
  return index && *index < substitutions_.size() ? substitutions_[*index] : kNone;
}

NodeId Itanium::standard_substitution() {
  const char code = in_.take_char();
  for (const auto& standard : kStandard) {
    if (standard.code != code) continue;
    auto result = tree_.text(standard.name);
    if (in_.peek() != 'B') return result;
    while (in_.peek() == 'B' && result != kNone) {
      in_.take('B');
      result = tree_.binary(NodeKind::Tagged, result, source_name());
    }
    if (result != kNone) substitutions_.push_back(result);
    return result;
  }
  return kNone;
}

/// I … E. Those of the name that is read, which are passed \p function, are what T_ stands for from
/// there on.
NodeId Itanium::template_arguments(Function* function) {
  in_.take('I');
  if (function != nullptr) parameters_.clear();
  const bool outer_ends = std::exchange(ends_before_arguments_, false);
  const auto arguments = template_argument_list(function);
  ends_before_arguments_ = outer_ends;
  return arguments;
}

NodeId Itanium::template_argument_list(Function* function) {
  ListBuilder arguments(tree_);
  while (!in_.take('E')) {
    if (in_.take('Q')) {  // what is required of the arguments
      if (expression() == kNone) return kNone;
      continue;
    }
    while (in_.peek() == 'T' && template_declaration()) {
    }
    const auto argument = template_argument();
    if (argument == kNone) return kNone;
    arguments.append(argument);
    if (function == nullptr) continue;
    const bool is_pack = tree_[argument].kind == NodeKind::Arguments;
    parameters_.push_back(is_pack ? tree_.unary(NodeKind::Pack, tree_[argument].first) : argument);
  }
  return arguments.list();
}

NodeId Itanium::template_argument() {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) return kNone;
  if (in_.take('X')) {
    const auto value = expression();
    return in_.take('E') ? value : kNone;
  }
  if (in_.peek() == 'L') return literal();
  if (!in_.take('J')) return type();
  ListBuilder arguments(tree_);
  while (!in_.take('E')) {
    const auto argument = template_argument();
    if (argument == kNone) return kNone;
    arguments.append(argument);
  }
  return tree_.unary(NodeKind::Arguments, arguments.list());
}

/// `Ty`, `Tk 4Name`, `Tn i`, `Tt … E`, `Tp Ty`: what a template parameter is declared as, where its
/// argument alone does not say it.
bool Itanium::template_declaration() {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) return false;
  if (in_.take("Ty")) return true;
  if (in_.take("Tp")) return template_declaration();
  if (in_.take("Tk")) return name(nullptr) != kNone;
  if (in_.take("Tn")) return type() != kNone;
  if (!in_.take("Tt")) return false;
  while (!in_.take('E')) {
    if (!template_declaration()) return false;
  }
  return true;
}

/// `T_`, `T0_`, and `TL0__` of the templates further out.
NodeId Itanium::template_parameter() {
  if (!in_.take('T')) return kNone;
  const bool has_level = in_.take('L');
  if (has_level && !sequence_number()) return kNone;
  const auto index = sequence_number();
  if (!index) return kNone;
  if (in_lambda_ || has_level) {
    return tree_.sequence({tree_.text("auto:"), tree_.number(*index + 1)});
  }
  if (in_conversion_) {
    const auto forward = tree_.add({.kind = NodeKind::Forward, .value = *index});
    forwards_.push_back(forward);
    return forward;
  }
  return *index < parameters_.size() ? parameters_[*index] : kNone;
}

std::uint8_t Itanium::cv_qualifiers() {
  std::uint8_t qualifiers = 0;
  if (in_.take('r')) qualifiers |= kRestrict;
  if (in_.take('V')) qualifiers |= kVolatile;
  if (in_.take('K')) qualifiers |= kConst;
  return qualifiers;
}

}  // namespace vigil::names
