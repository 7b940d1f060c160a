// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "names/itanium.h"

namespace vigil::names {
namespace {

struct Builtin {
  std::string_view code;
  std::string_view name;
};

/// By its letter, from a on; empty where there is none.
constexpr std::array<std::string_view, 26> kBuiltins = {"signed char",
                                                        "bool",
                                                        "char",
                                                        "double",
                                                        "long double",
                                                        "float",
                                                        "__float128",
                                                        "unsigned char",
                                                        "int",
                                                        "unsigned int",
                                                        "",
                                                        "long",
                                                        "unsigned long",
                                                        "__int128",
                                                        "unsigned __int128",
                                                        "",
                                                        "",
                                                        "",
                                                        "short",
                                                        "unsigned short",
                                                        "",
                                                        "void",
                                                        "wchar_t",
                                                        "long long",
                                                        "unsigned long long",
                                                        "..."};

constexpr std::array kExtendedBuiltins = {
    Builtin{"Da", "auto"},
    Builtin{"Dc", "decltype(auto)"},
    Builtin{"Dd", "decimal64"},
    Builtin{"De", "decimal128"},
    Builtin{"Df", "decimal32"},
    Builtin{"Dh", "half"},
    Builtin{"Di", "char32_t"},
    Builtin{"Ds", "char16_t"},
    Builtin{"Du", "char8_t"},
    Builtin{"Dn", "decltype(nullptr)"},
    Builtin{"DF16b", "std::bfloat16_t"},
};

}  // namespace

/// Every type but the built-in ones may be referred to later by its number.
NodeId Itanium::type() {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) return kNone;
  if (const auto builtin = builtin_type(); builtin != kNone) return builtin;
  bool is_candidate = true;
  const auto result = composed_type(is_candidate);
  if (result != kNone && is_candidate) substitutions_.push_back(result);
  return result;
}

NodeId Itanium::builtin_type() {
  const char code = in_.peek();
  if (is_lower(code) && !kBuiltins[static_cast<std::size_t>(code - 'a')].empty()) {
    (void)in_.take_char();
    return tree_.text(kBuiltins[static_cast<std::size_t>(code - 'a')]);
  }
  if (code != 'D') return kNone;
  for (const auto& builtin : kExtendedBuiltins) {
    if (in_.take(builtin.code)) return tree_.text(builtin.name);
  }
  if (!in_.take("DF")) return kNone;
  const auto bits = in_.take_decimal();
  if (!bits) return kNone;
  const auto name = tree_.sequence({tree_.text("_Float"), tree_.number(*bits)});
  if (in_.take('x')) return tree_.sequence({name, tree_.text("x")});
  return in_.take('_') ? name : kNone;
}

NodeId Itanium::composed_type(bool& is_candidate) {
  switch (in_.peek()) {
    case 'r':
    case 'V':
    case 'K': return qualified_type();
    case 'U': return in_.peek(1) == 'l' || in_.peek(1) == 't' ? name(nullptr) : vendor_qualified();
    case 'u': (void)in_.take_char(); return source_name();
    case 'P': (void)in_.take_char(); return tree_.unary(NodeKind::Pointer, type(), "*");
    case 'R': (void)in_.take_char(); return tree_.unary(NodeKind::Reference, type(), "&");
    case 'O': (void)in_.take_char(); return tree_.unary(NodeKind::Reference, type(), "&&");
    case 'C': (void)in_.take_char(); return tree_.sequence({type(), tree_.text(" _Complex")});
    case 'G': (void)in_.take_char(); return tree_.sequence({type(), tree_.text(" _Imaginary")});
    case 'F': return function_type();
    case 'A': return array_type();
    case 'M': return member_pointer();
    case 'D': return extended_type(is_candidate);
    case 'S': return substituted_type(is_candidate);
    case 'T': break;
    default: return name(nullptr);
  }
  const char kind = in_.peek(1);
  if (kind == 's' || kind == 'u' || kind == 'e') {  // struct, union, enum
    (void)in_.take_text(2);
    return name(nullptr);
  }
  const auto parameter = template_parameter();
  if (parameter == kNone || in_.peek() != 'I' || ends_before_arguments_) return parameter;
  substitutions_.push_back(parameter);
  return tree_.binary(NodeKind::Template, parameter, template_arguments(nullptr));
}

NodeId Itanium::extended_type(bool& is_candidate) {
  switch (in_.peek(1)) {
    case 'p': (void)in_.take_text(2); return tree_.unary(NodeKind::Expansion, type());
    case 't':
    case 'T': return decltype_of();
    case 'v': return vector_type();
    case 'B':
    case 'U': is_candidate = false; return bit_int();
    case 'o':
    case 'O':
    case 'w':
    case 'x': return function_type();
    default: return kNone;
  }
}

NodeId Itanium::bit_int() {
  const bool is_unsigned = in_.peek(1) == 'U';
  (void)in_.take_text(2);
  const auto bits = in_.take_decimal();
  const auto size = bits ? tree_.number(*bits) : expression();
  if (!in_.take('_')) return kNone;
  return tree_.sequence(
      {tree_.text(is_unsigned ? "unsigned _BitInt(" : "_BitInt("), size, tree_.text(")")});
}

/// A qualified function is of a member, and one type; other types are types without, too.
NodeId Itanium::qualified_type() {
  const auto qualifiers = cv_qualifiers();
  const char next = in_.peek(), after = in_.peek(1);
  const bool is_function =
      next == 'F' ||
      (next == 'D' && (after == 'o' || after == 'O' || after == 'w' || after == 'x'));
  return tree_.qualified(is_function ? function_type() : type(), qualifiers);
}

/// `U3AS1`, with template arguments or without.
NodeId Itanium::vendor_qualified() {
  in_.take('U');
  auto qualifier = source_name();
  if (qualifier != kNone && in_.peek() == 'I') {
    qualifier = tree_.binary(NodeKind::Template, qualifier, template_arguments(nullptr));
  }
  return tree_.binary(NodeKind::Vendor, type(), qualifier);
}

/// `FviE`, with what it promises about exceptions and its reference qualifier.
NodeId Itanium::function_type() {
  std::uint8_t flags = 0;
  if (in_.take("DO")) {
    flags |= kNoexcept;
    if (expression() == kNone || !in_.take('E')) return kNone;
  } else if (in_.take("Dw")) {
    while (!in_.take('E')) {
      if (type() == kNone) return kNone;
    }
  } else if (in_.take("Do")) {
    flags |= kNoexcept;
  }
  in_.take("Dx");
  if (!in_.take('F')) return kNone;
  in_.take('Y');  // extern "C"
  const auto returned = type();
  const auto parameters = returned == kNone ? kNone : parameter_list();
  if (parameters == kNone) return kNone;
  if (in_.take('R')) flags |= kLvalue;
  if (in_.take('O')) flags |= kRvalue;
  if (!in_.take('E')) return kNone;
  return tree_.add(
      {.kind = NodeKind::Function, .flags = flags, .first = returned, .second = parameters});
}

/// `A3_i`, `A_i`, `AT__i`.
NodeId Itanium::array_type() {
  in_.take('A');
  NodeId size = kNone;
  if (is_digit(in_.peek())) {
    const auto digits = in_.take_until('_');
    if (!digits || !std::ranges::all_of(*digits, is_digit)) return kNone;
    size = tree_.text(*digits);
  } else if (!in_.take('_')) {
    size = expression();
    if (size == kNone || !in_.take('_')) return kNone;
  }
  const auto element = type();
  if (element == kNone) return kNone;
  return tree_.add({.kind = NodeKind::Array, .first = element, .second = size});
}

/// `Dv4_f`, `Dv_ T_ _ f`, and `p` for a pixel.
NodeId Itanium::vector_type() {
  in_.take("Dv");
  NodeId size = kNone;
  if (is_digit(in_.peek())) {
    const auto count = in_.take_decimal();
    if (!count) return kNone;
    size = tree_.number(*count);
  } else {
    in_.take('_');
    size = expression();
  }
  if (size == kNone || !in_.take('_')) return kNone;
  const auto element = in_.take('p') ? tree_.text("pixel") : type();
  return tree_.sequence({element, tree_.text(" __vector("), size, tree_.text(")")});
}

NodeId Itanium::member_pointer() {
  in_.take('M');
  const auto of = type();
  const auto member = of == kNone ? kNone : type();
  return tree_.binary(NodeKind::MemberPointer, of, member);
}

NodeId Itanium::decltype_of() {
  (void)in_.take_text(2);
  const auto value = expression();
  return in_.take('E') ? tree_.sequence({tree_.text("decltype ("), value, tree_.text(")")}) : kNone;
}

/// A type met before is no new one; an instance of a template met before is.
NodeId Itanium::substituted_type(bool& is_candidate) {
  if (in_.peek(1) == 't') return name(nullptr);
  const auto known = substitution();
  is_candidate = known != kNone && in_.peek() == 'I' && !ends_before_arguments_;
  if (!is_candidate) return known;
  return tree_.binary(NodeKind::Template, known, template_arguments(nullptr));
}

}  // namespace vigil::names
