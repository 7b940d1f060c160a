// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "names/microsoft.h"

namespace vigil::names {
namespace {

struct Operator {
  std::string_view code;
  std::string_view name;
};

constexpr std::array kOperators = {
    Operator{"2", "operator new"},
    Operator{"3", "operator delete"},
    Operator{"4", "operator="},
    Operator{"5", "operator>>"},
    Operator{"6", "operator<<"},
    Operator{"7", "operator!"},
    Operator{"8", "operator=="},
    Operator{"9", "operator!="},
    Operator{"A", "operator[]"},
    Operator{"C", "operator->"},
    Operator{"D", "operator*"},
    Operator{"E", "operator++"},
    Operator{"F", "operator--"},
    Operator{"G", "operator-"},
    Operator{"H", "operator+"},
    Operator{"I", "operator&"},
    Operator{"J", "operator->*"},
    Operator{"K", "operator/"},
    Operator{"L", "operator%"},
    Operator{"M", "operator<"},
    Operator{"N", "operator<="},
    Operator{"O", "operator>"},
    Operator{"P", "operator>="},
    Operator{"Q", "operator,"},
    Operator{"R", "operator()"},
    Operator{"S", "operator~"},
    Operator{"T", "operator^"},
    Operator{"U", "operator|"},
    Operator{"V", "operator&&"},
    Operator{"W", "operator||"},
    Operator{"X", "operator*="},
    Operator{"Y", "operator+="},
    Operator{"Z", "operator-="},
    Operator{"_0", "operator/="},
    Operator{"_1", "operator%="},
    Operator{"_2", "operator>>="},
    Operator{"_3", "operator<<="},
    Operator{"_4", "operator&="},
    Operator{"_5", "operator|="},
    Operator{"_6", "operator^="},
    Operator{"_A", "`typeof'"},
    Operator{"_D", "`vbase destructor'"},
    Operator{"_E", "`vector deleting destructor'"},
    Operator{"_F", "`default constructor closure'"},
    Operator{"_G", "`scalar deleting destructor'"},
    Operator{"_H", "`vector constructor iterator'"},
    Operator{"_I", "`vector destructor iterator'"},
    Operator{"_J", "`vector vbase constructor iterator'"},
    Operator{"_K", "`virtual displacement map'"},
    Operator{"_L", "`eh vector constructor iterator'"},
    Operator{"_M", "`eh vector destructor iterator'"},
    Operator{"_N", "`eh vector vbase constructor iterator'"},
    Operator{"_O", "`copy constructor closure'"},
    Operator{"_T", "`local vftable constructor closure'"},
    Operator{"_U", "operator new[]"},
    Operator{"_V", "operator delete[]"},
    Operator{"_W", "`omni callsig'"},
    Operator{"_X", "`placement delete closure'"},
    Operator{"_Y", "`placement delete[] closure'"},
    Operator{"__A", "`managed vector constructor iterator'"},
    Operator{"__B", "`managed vector destructor iterator'"},
    Operator{"__C", "`eh vector copy constructor iterator'"},
    Operator{"__D", "`eh vector vbase copy constructor iterator'"},
    Operator{"__G", "`vector copy constructor iterator'"},
    Operator{"__H", "`vector vbase copy constructor iterator'"},
    Operator{"__I", "`managed vector vbase copy constructor iterator'"},
    Operator{"__L", "operator co_await"},
    Operator{"__M", "operator<=>"},
};

}  // namespace

/// What stands behind `??`.
Microsoft::Unqualified Microsoft::operator_name() {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) return {};
  if (in_.take('0')) {
    const auto class_name = tree_.add({.kind = NodeKind::Forward});
    return {.node = class_name, .class_name = class_name};
  }
  if (in_.take('1')) {
    const auto class_name = tree_.add({.kind = NodeKind::Forward});
    return {.node = tree_.sequence({tree_.text("~"), class_name}), .class_name = class_name};
  }
  if (in_.take('B')) {
    const auto to = tree_.add({.kind = NodeKind::Forward});
    return {.node = tree_.sequence({tree_.text("operator "), to}), .conversion_type = to};
  }
  if (in_.take("__K")) {
    const auto suffix = in_.take_until('@');
    if (!suffix || suffix->empty() || !std::ranges::all_of(*suffix, is_graphic)) return {};
    return {.node = tree_.sequence({tree_.text("operator \"\""), tree_.text(*suffix)})};
  }
  if (in_.take("_P")) {
    const auto of = operator_name();
    return {.node = tree_.sequence({tree_.text("`udt returning'"), of.node}),
            .class_name = of.class_name};
  }
  const std::size_t size = in_.starts_with("__") ? 3 : in_.peek() == '_' ? 2 : 1;
  const auto code = in_.take_text(size);
  for (const auto& known : kOperators) {
    if (code == known.code) return {.node = tree_.text(known.name)};
  }
  return {};
}

/// What the compiler makes of a class or variable, whose names have forms of their own.
NodeId Microsoft::special_symbol(bool& is_special) {
  is_special = true;
  if (in_.take("?_C@")) return tree_.text("`string'");
  if (in_.take("?_7")) return table("`vftable'");
  if (in_.take("?_8")) return table("`vbtable'");
  if (in_.take("?_S")) return table("`local vftable'");
  if (in_.take("?_R4")) return table("`RTTI Complete Object Locator'");
  if (in_.take("?_9")) return vcall();
  if (in_.take("?_B")) return static_guard("`local static guard'");
  if (in_.take("?__J")) return static_guard("`local static thread guard'");
  if (in_.take("?__E")) return initializer("`dynamic initializer for '");
  if (in_.take("?__F")) return initializer("`dynamic atexit destructor for '");
  if (in_.take("?_R0")) return type_descriptor();
  if (in_.take("?_R1")) return base_class_descriptor();
  if (in_.take("?_R2")) return class_data("`RTTI Base Class Array'");
  if (in_.take("?_R3")) return class_data("`RTTI Class Hierarchy Descriptor'");
  is_special = false;
  return kNone;
}

/// `@6B@`, `@6BBase@@@`: of the class, or of its base.
NodeId Microsoft::table(std::string_view name) {
  auto result = in_scopes({.node = tree_.text(name)});
  if (result == kNone || (!in_.take('6') && !in_.take('7')) || !cv_qualifiers()) return kNone;
  std::string_view before = "{for `";
  while (!in_.take('@')) {
    if (in_.empty()) return kNone;
    result = tree_.sequence({result, tree_.text(before), type_name()});
    if (result == kNone) return kNone;
    before = "'s `";
  }
  return before == "{for `" ? result : tree_.sequence({result, tree_.text("'}")});
}

NodeId Microsoft::vcall() {
  const auto result = in_scopes({.node = tree_.text("`vcall'{")});
  if (result == kNone || !in_.take("$B")) return kNone;
  const auto offset = number();
  if (!in_.take('A') || convention().empty()) return kNone;
  return tree_.sequence({result, offset, tree_.text(",{flat}}")});
}

NodeId Microsoft::static_guard(std::string_view name) {
  const auto result = in_scopes({.node = tree_.text(name)});
  if (result == kNone || in_.take("4IA") || !in_.take('5')) return result;
  if (in_.empty()) return result;
  return tree_.sequence({result, tree_.text("{"), number(), tree_.text("}")});
}

/// Of a variable: either its name alone, or all of its symbol.
NodeId Microsoft::initializer(std::string_view what) {
  auto variable = kNone;
  if (in_.peek() == '?') {
    variable = symbol(false);
    while (in_.take('@')) {
    }
  } else {
    variable = in_scopes(unqualified());
  }
  // What does it is a function.
  if (variable == kNone || encoding(variable, {}, false) == kNone) return kNone;
  return tree_.sequence({tree_.text(what), variable, tree_.text("''")});
}

NodeId Microsoft::type_descriptor() {
  const auto of = returned_type();
  if (of == kNone || !in_.take("@8")) return kNone;
  return tree_.sequence({of, tree_.text(" `RTTI Type Descriptor'")});
}

NodeId Microsoft::base_class_descriptor() {
  constexpr std::size_t kNumbers = 4;
  const auto where = numbers(kNumbers);
  const auto node =
      tree_.sequence({tree_.text("`RTTI Base Class Descriptor at ("), where, tree_.text(")'")});
  if (node == kNone) return kNone;
  const auto result = in_scopes({.node = node});
  return in_.take('8') ? result : kNone;
}

NodeId Microsoft::class_data(std::string_view name) {
  const auto result = in_scopes({.node = tree_.text(name)});
  return in_.take('8') ? result : kNone;
}

}  // namespace vigil::names
