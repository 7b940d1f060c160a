// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "names/microsoft.h"

namespace vigil::names {
namespace {

struct Convention {
  char code;
  std::string_view name;
};

constexpr std::array kConventions = {
    Convention{'A', "__cdecl"},
    Convention{'B', "__cdecl"},
    Convention{'C', "__pascal"},
    Convention{'D', "__pascal"},
    Convention{'E', "__thiscall"},
    Convention{'F', "__thiscall"},
    Convention{'G', "__stdcall"},
    Convention{'H', "__stdcall"},
    Convention{'I', "__fastcall"},
    Convention{'J', "__fastcall"},
    Convention{'M', "__clrcall"},
    Convention{'N', "__clrcall"},
    Convention{'O', "__eabi"},
    Convention{'P', "__eabi"},
    Convention{'Q', "__vectorcall"},
    Convention{'S', "__attribute__((__swiftcall__)) "},
    Convention{'W', "__attribute__((__swiftasynccall__)) "},
    Convention{'w', "__regcall"},
};

}  // namespace

/// What stands behind the qualified name of a function or variable: its kind and its type. Of a
/// whole symbol only as much is read as the name takes something from.
NodeId Microsoft::encoding(NodeId name, const Unqualified& unqualified, bool whole) {
  in_.take("$$F");  // managed code, and what it calls
  in_.take("$$H");
  in_.take("$$h");
  in_.take("$$J0");
  const char kind = in_.peek();
  if (kind >= '0' && kind <= '4') {
    (void)in_.take_char();
    return whole || variable() ? name : kNone;
  }
  if (in_.take('9')) return name;  // no type: C
  return kind == '$' || is_upper(kind) ? function_encoding(name, unqualified, whole) : kNone;
}

bool Microsoft::variable() {
  if (type() == kNone) return false;
  (void)extended_qualifiers();
  const bool of_member = in_.peek() >= 'Q' && in_.peek() <= 'T';
  return cv_qualifiers() && (!of_member || type_name() != kNone);
}

NodeId Microsoft::function_encoding(NodeId name, const Unqualified& unqualified, bool whole) {
  // Eight letters each for private, protected and public: two each for members, static members,
  // virtual ones, and thunks that move `this`.
  constexpr std::size_t kVtordispNumbers = 2, kVtordispexNumbers = 4;
  bool has_this = true;
  NodeId suffix = kEmptyList;
  if (in_.take("$R")) {
    (void)in_.take_char();
    suffix = thunk_suffix("`vtordispex{", kVtordispexNumbers);
  } else if (in_.take('$')) {
    if (!is_digit(in_.peek())) return kNone;
    (void)in_.take_char();
    suffix = thunk_suffix("`vtordisp{", kVtordispNumbers);
  } else {
    const char kind = in_.take_char();
    const auto member = static_cast<std::size_t>(kind - 'A') % 8 / 2;
    has_this = kind < 'Y' && member != 1;
    if (kind < 'Y' && member == 3) suffix = thunk_suffix("`adjustor{", 1);
  }
  if (suffix == kNone) return kNone;
  if (suffix != kEmptyList) name = tree_.sequence({name, suffix});
  if (whole && unqualified.conversion_type == kNone) return name;
  const auto type = function_type(has_this);
  if (type == kNone) return kNone;
  if (unqualified.conversion_type == kNone) return name;
  if (tree_[type].first == kNone) return kNone;
  tree_.resolve(unqualified.conversion_type, tree_[type].first);
  return name;
}

/// Numbers of 32 bits, of which the first of several may be negative.
NodeId Microsoft::thunk_suffix(std::string_view name, std::size_t numbers) {
  auto result = tree_.text(name);
  for (std::size_t i = 0; i < numbers; ++i) {
    const auto value = take_number();
    if (!value) return kNone;
    constexpr std::uint64_t kFirstNegative = 0x8000'0000, kEnd = 0x1'0000'0000;
    const bool wraps =
        i + 1 < numbers && value->magnitude >= kFirstNegative && value->magnitude < kEnd;
    const auto magnitude = tree_.number(wraps ? kEnd - value->magnitude : value->magnitude);
    const auto sign = tree_.text(wraps || value->is_negative ? "-" : "");
    result = tree_.sequence({result, tree_.text(i == 0 ? "" : ","), sign, magnitude});
  }
  return tree_.sequence({result, tree_.text("}'")});
}

NodeId Microsoft::function_type(bool has_this) {
  Node function{.kind = NodeKind::Function};
  if (has_this) function.flags = this_qualifiers();
  function.text = convention();
  if (function.text.empty()) return kNone;
  if (!in_.take('@')) {  // constructors and destructors return nothing
    function.first = returned_type();
    if (function.first == kNone) return kNone;
  }
  return parameters(function) ? tree_.add(function) : kNone;
}

/// With what follows them: Z, or _E of those that do not throw.
bool Microsoft::parameters(Node& function) {
  ListBuilder list(tree_);
  if (!in_.take('X')) {
    while (!in_.take('@')) {
      if (in_.take('Z')) {
        function.flags |= kVariadic;
        break;
      }
      const auto parameter = this->parameter();
      if (parameter == kNone) return false;
      list.append(parameter);
    }
  }
  function.second = list.list();
  if (in_.take("_E")) {
    function.flags |= kNoexcept;
    return true;
  }
  return in_.take('Z');
}

NodeId Microsoft::parameter() {
  if (is_digit(in_.peek())) {
    const auto index = static_cast<std::size_t>(in_.take_char() - '0');
    return index < references_.type_count ? references_.types[index] : kNone;
  }
  const auto before = in_.rest();
  const auto result = type();
  // Types of one letter are no longer than a reference to them.
  const bool is_long = since(before).size() > 1;
  if (is_long && references_.type_count < kMaxReferences) {
    references_.types[references_.type_count++] = result;
  }
  return result;
}

std::string_view Microsoft::convention() {
  const char code = in_.take_char();
  for (const auto& convention : kConventions) {
    if (convention.code == code) return convention.name;
  }
  return {};
}

/// Of the object that a member function is called for.
std::uint8_t Microsoft::this_qualifiers() {
  auto flags = extended_qualifiers();
  if (in_.take('G')) flags |= kLvalue;
  if (in_.take('H')) flags |= kRvalue;
  return flags | cv_qualifiers().value_or(0);
}

}  // namespace vigil::names
