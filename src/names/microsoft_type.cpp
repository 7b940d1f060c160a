// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "names/microsoft.h"

namespace vigil::names {
namespace {

/// By their letters from C to X; empty where there is none.
constexpr std::array<std::string_view, 22> kBuiltins = {"signed char",
                                                        "char",
                                                        "unsigned char",
                                                        "short",
                                                        "unsigned short",
                                                        "int",
                                                        "unsigned int",
                                                        "long",
                                                        "unsigned long",
                                                        "",
                                                        "float",
                                                        "double",
                                                        "long double",
                                                        "",
                                                        "",
                                                        "",
                                                        "",
                                                        "",
                                                        "",
                                                        "",
                                                        "",
                                                        "void"};

struct Builtin {
  char code;
  std::string_view name;
};

/// Behind an underscore.
constexpr std::array kExtendedBuiltins = {
    Builtin{'D', "__int8"},         Builtin{'E', "unsigned __int8"},
    Builtin{'F', "__int16"},        Builtin{'G', "unsigned __int16"},
    Builtin{'H', "__int32"},        Builtin{'I', "unsigned __int32"},
    Builtin{'J', "__int64"},        Builtin{'K', "unsigned __int64"},
    Builtin{'L', "__int128"},       Builtin{'M', "unsigned __int128"},
    Builtin{'N', "bool"},           Builtin{'P', "auto"},
    Builtin{'Q', "char8_t"},        Builtin{'S', "char16_t"},
    Builtin{'T', "decltype(auto)"}, Builtin{'U', "char32_t"},
    Builtin{'W', "wchar_t"},
};

}  // namespace

NodeId Microsoft::type() {
  const Nesting nesting(depth_);
  return nesting.too_deep() ? kNone : unguarded_type();
}

NodeId Microsoft::unguarded_type() {
  switch (in_.peek()) {
    case 'T':  // union
    case 'U':  // struct
    case 'V':  // class
      (void)in_.take_char();
      return type_name();
    case 'W':  // enum, with what it is stored as
      (void)in_.take_char();
      return is_digit(in_.take_char()) ? type_name() : kNone;
    case 'A':
    case 'B':
    case 'P':
    case 'Q':
    case 'R':
    case 'S': return pointer();
    case 'Y': return array_type();
    case '$': return extended_type();
    case '?': {
      (void)in_.take_char();
      const auto name = simple_name();  // `<auto>`
      return in_.take('@') ? name : kNone;
    }
    default: return builtin_type();
  }
}

NodeId Microsoft::builtin_type() {
  const char code = in_.take_char();
  if (code == '_') {
    const char extended = in_.take_char();
    for (const auto& builtin : kExtendedBuiltins) {
      if (builtin.code == extended) return tree_.text(builtin.name);
    }
    return kNone;
  }
  if (code < 'C' || code > 'X') return kNone;
  const auto name = kBuiltins[static_cast<std::size_t>(code - 'C')];
  return name.empty() ? kNone : tree_.text(name);
}

NodeId Microsoft::extended_type() {
  if (in_.starts_with("$$Q") || in_.starts_with("$$R")) return pointer();
  if (in_.take("$$A8@@")) return function_type(true);
  if (in_.take("$$A6")) return function_type(false);
  if (in_.take("$$B")) return type();
  if (in_.take("$$T")) return tree_.text("std::nullptr_t");
  if (!in_.take("$$C")) return kNone;
  const auto flags = extended_qualifiers();
  const auto qualifiers = cv_qualifiers();
  return qualifiers ? tree_.qualified(type(), flags | *qualifiers) : kNone;
}

/// Classes are returned with their qualifiers: `?AV`, `?BV`.
NodeId Microsoft::returned_type() {
  if (!in_.take('?')) return type();
  const auto qualifiers = cv_qualifiers();
  return qualifiers ? tree_.qualified(type(), *qualifiers) : kNone;
}

NodeId Microsoft::pointer() {
  if (in_.take("$$Q")) return pointee(NodeKind::Reference, "&&");
  if (in_.take("$$R")) return tree_.qualified(pointee(NodeKind::Reference, "&&"), kVolatile);
  switch (in_.take_char()) {
    case 'A': return pointee(NodeKind::Reference, "&");
    case 'B': return tree_.qualified(pointee(NodeKind::Reference, "&"), kVolatile);
    case 'P': return pointee(NodeKind::Pointer, "*");
    case 'Q': return tree_.qualified(pointee(NodeKind::Pointer, "*"), kConst);
    case 'R': return tree_.qualified(pointee(NodeKind::Pointer, "*"), kVolatile);
    default: return tree_.qualified(pointee(NodeKind::Pointer, "*"), kConst | kVolatile);
  }
}

/// What a pointer or reference points at, and the pointer itself.
NodeId Microsoft::pointee(NodeKind kind, std::string_view sign) {
  if (in_.take('6')) return tree_.unary(kind, function_type(false), sign);
  if (in_.take('8')) {
    const auto of = type_name();
    return tree_.binary(NodeKind::MemberPointer, of, of == kNone ? kNone : function_type(true));
  }
  const auto own = extended_qualifiers();
  if (in_.take("$A")) sign = kind == NodeKind::Pointer ? "^" : "%";  // of the managed heap
  const bool of_member = in_.peek() >= 'Q' && in_.peek() <= 'T';
  const auto qualifiers = cv_qualifiers();
  if (!qualifiers) return kNone;
  const auto of = of_member ? type_name() : kEmptyList;
  if (of == kNone) return kNone;
  const auto target = tree_.qualified(type(), *qualifiers);
  const auto result = of_member ? tree_.binary(NodeKind::MemberPointer, of, target)
                                : tree_.unary(kind, target, sign);
  return tree_.qualified(result, own & kRestrict);
}

/// `Y12CE@H`: how many dimensions, each, and the elements.
NodeId Microsoft::array_type() {
  in_.take('Y');
  const auto count = take_number();
  return count && !count->is_negative && count->magnitude > 0 ? dimensions(count->magnitude)
                                                              : kNone;
}

NodeId Microsoft::dimensions(std::uint64_t count) {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) return kNone;
  if (count == 0) return type();
  const auto size = take_number();
  if (!size) return kNone;
  const auto element = dimensions(count - 1);
  if (element == kNone) return kNone;
  const auto bound = size->magnitude == 0 ? kNone : tree_.number(size->magnitude);
  return tree_.add({.kind = NodeKind::Array, .first = element, .second = bound});
}

/// A to D of a variable, Q to T of a member: none, const, volatile, both.
std::optional<std::uint8_t> Microsoft::cv_qualifiers() {
  switch (in_.take_char()) {
    case 'A':
    case 'Q': return 0;
    case 'B':
    case 'R': return kConst;
    case 'C':
    case 'S': return kVolatile;
    case 'D':
    case 'T': return kConst | kVolatile;
    default: return std::nullopt;
  }
}

/// Of the pointer itself: 64 bits, restrict, unaligned.
std::uint8_t Microsoft::extended_qualifiers() {
  std::uint8_t flags = 0;
  while (true) {
    if (in_.take('I')) {
      flags |= kRestrict;
    } else if (!in_.take('E') && !in_.take('F')) {
      return flags;
    }
  }
}

}  // namespace vigil::names
