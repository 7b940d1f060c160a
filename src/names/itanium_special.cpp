// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "names/itanium.h"

namespace vigil::names {
namespace {

/// Something the compiler made for what is named behind its code.
struct Made {
  std::string_view code;
  std::string_view prefix;
  bool of_type;
};

constexpr std::array kMade = {
    Made{"TV", "vtable for ", true},
    Made{"TT", "VTT for ", true},
    Made{"TI", "typeinfo for ", true},
    Made{"TS", "typeinfo name for ", true},
    Made{"TF", "typeinfo fn for ", true},
    Made{"TJ", "java Class for ", true},
    Made{"TH", "TLS init function for ", false},
    Made{"TW", "TLS wrapper function for ", false},
    Made{"GV", "guard variable for ", false},
    Made{"GTt", "transaction clone for ", false},
    Made{"GTn", "non-transaction clone for ", false},
    Made{"GA", "hidden alias for ", false},
};

}  // namespace

Itanium::Itanium(std::string_view text, Tree& tree) : in_(text), tree_(tree) {
  constexpr std::size_t kUsual = 32;
  substitutions_.reserve(kUsual);
}

NodeId Itanium::symbol() {
  return encoding(Part::Name);
}

NodeId Itanium::prefixed(std::string_view prefix, NodeId of) {
  return tree_.sequence({tree_.text(prefix), of});
}

NodeId Itanium::special_name() {
  for (const auto& made : kMade) {
    if (in_.take(made.code)) return prefixed(made.prefix, made.of_type ? type() : name(nullptr));
  }
  if (in_.take("TC")) return construction_vtable();
  if (in_.take("TA")) return prefixed("template parameter object for ", template_argument());
  if (in_.take("GR")) return reference_temporary();
  if (in_.take("GI")) return prefixed("initializer for module ", source_name());
  return in_.take('T') ? thunk() : kNone;
}

NodeId Itanium::thunk() {
  if (in_.take('c')) {
    if (!call_offset() || !call_offset()) return kNone;
    return prefixed("covariant return thunk to ", encoding(Part::Name));
  }
  const bool is_virtual = in_.peek() == 'v';
  if (!call_offset()) return kNone;
  return prefixed(is_virtual ? "virtual thunk to " : "non-virtual thunk to ", encoding(Part::Name));
}

/// `h16_`, `v0_n24_`: how far `this` is moved.
bool Itanium::call_offset() {
  const auto offset = [this] {
    in_.take('n');
    return in_.take_decimal().has_value() && in_.take('_');
  };
  if (in_.take('h')) return offset();
  return in_.take('v') && offset() && offset();
}

NodeId Itanium::construction_vtable() {
  const auto derived = type();
  if (derived == kNone || !in_.take_decimal() || !in_.take('_')) return kNone;
  const auto base = type();
  return tree_.sequence(
      {tree_.text("construction vtable for "), base, tree_.text("-in-"), derived});
}

NodeId Itanium::reference_temporary() {
  const auto of = name(nullptr);
  const auto number = in_.peek() == '_' || in_.peek() != '\0' ? sequence_number() : 0;
  if (!number) return kNone;
  return tree_.sequence(
      {tree_.text("reference temporary #"), tree_.number(*number), tree_.text(" for "), of});
}

/// `_` is 0, `0_` is 1, `Z_` is 36, `10_` is 37.
std::optional<std::uint32_t> Itanium::sequence_number() {
  constexpr std::uint32_t kBase = 36, kLimit = 1'000'000;
  if (in_.take('_')) return 0;
  std::uint32_t value = 0;
  while (is_digit(in_.peek()) || is_upper(in_.peek())) {
    const char c = in_.take_char();
    value = value * kBase + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : c - 'A' + 10);
    if (value > kLimit) return std::nullopt;
  }
  return in_.take('_') ? std::optional(value + 1) : std::nullopt;
}

/// `_` is 1, `0_` is 2, `11_` is 13: how lambdas and types without names are told apart.
std::optional<std::uint32_t> Itanium::counted() {
  if (in_.take('_')) return 1;
  const auto number = in_.take_decimal();
  return number && in_.take('_') ? std::optional(*number + 2) : std::nullopt;
}

}  // namespace vigil::names
