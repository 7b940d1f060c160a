// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "names/microsoft.h"
#include "names/printer.h"
#include "names/schemes.h"

namespace vigil::names {

NodeId Microsoft::whole_symbol() {
  if (in_.starts_with("??@")) return kNone;  // nothing but a hash
  return symbol(true);
}

NodeId Microsoft::whole_type_name() {
  if (!in_.take('.')) return kNone;
  const auto result = returned_type();
  return in_.empty() ? result : kNone;
}

/// \p whole: all of the name that is read, and not one that is part of another; only those must be
/// read up to their end.
NodeId Microsoft::symbol(bool whole) {
  const Nesting nesting(depth_);
  const auto before = in_.rest();
  if (nesting.too_deep() || !in_.take('?')) return kNone;
  if (in_.take("?@")) return in_.take_until('@') ? tree_.text(since(before)) : kNone;
  bool is_special = false;
  const auto special = special_symbol(is_special);
  if (is_special) return special;
  const auto name = unqualified();
  if (name.node == kNone) return kNone;
  const auto qualified = in_scopes(name);
  return qualified == kNone ? kNone : encoding(qualified, name, whole);
}

Microsoft::Unqualified Microsoft::unqualified() {
  if (in_.take("?$")) return template_instance(true);
  if (in_.take('?')) return operator_name();
  return {.node = is_digit(in_.peek()) ? reference_to_name() : simple_name()};
}

NodeId Microsoft::simple_name() {
  const auto text = in_.take_until('@');
  const auto is_of_name = [](char c) { return is_graphic(c) && c != '?'; };
  if (!text || text->empty() || !std::ranges::all_of(*text, is_of_name)) return kNone;
  const auto result = tree_.text(*text);
  remember(*text, result);
  return result;
}

NodeId Microsoft::reference_to_name() {
  const auto index = static_cast<std::size_t>(in_.take_char() - '0');
  return index < references_.name_count ? references_.names[index].node : kNone;
}

void Microsoft::remember(std::string_view spelling, NodeId node) {
  const auto end = references_.names.begin() + static_cast<std::ptrdiff_t>(references_.name_count);
  const bool is_known = std::any_of(references_.names.begin(), end,
                                    [&](const Name& name) { return name.spelling == spelling; });
  if (is_known || references_.name_count == kMaxReferences) return;
  references_.names[references_.name_count++] = {spelling, node};
}

/// What was read since \p before was the rest.
std::string_view Microsoft::since(std::string_view before) const {
  return before.substr(0, before.size() - in_.rest().size());
}

/// The scopes around a name, from the inside out, up to the `@` that ends them.
NodeId Microsoft::in_scopes(const Unqualified& name) {
  auto result = name.node;
  bool is_innermost = true;
  while (!in_.take('@')) {
    const auto scope = scope_piece();
    if (scope == kNone) return kNone;
    if (is_innermost && name.class_name != kNone) tree_.resolve(name.class_name, scope);
    is_innermost = false;
    result = tree_.binary(NodeKind::Scope, scope, result);
  }
  return is_innermost && name.class_name != kNone ? kNone : result;
}

NodeId Microsoft::scope_piece() {
  if (is_digit(in_.peek())) return reference_to_name();
  if (in_.take("?$")) return template_instance(false).node;
  if (in_.starts_with("?A")) return anonymous_namespace();
  if (at_local_scope()) return local_scope();
  return simple_name();
}

/// `?A0x12345678@`; compilers that want to be reproducible write `?A@`.
NodeId Microsoft::anonymous_namespace() {
  const auto text = in_.take_until('@');
  if (!text) return kNone;
  const auto result = tree_.text("`anonymous namespace'");
  remember(*text, result);
  return result;
}

/// `?1??`, `?BA@??`: a number, and a symbol.
bool Microsoft::at_local_scope() const {
  Cursor in = in_;
  if (!in.take('?')) return false;
  if (is_digit(in.peek())) {
    (void)in.take_char();
  } else {
    while (in.peek() >= 'A' && in.peek() <= 'P') (void)in.take_char();
    if (!in.take('@')) return false;
  }
  return in.starts_with("??");
}

/// The second block of a function f: `f'::`2'.
NodeId Microsoft::local_scope() {
  in_.take('?');
  const auto block = number();
  if (block == kNone || !in_.take('?')) return kNone;
  const auto function = symbol(false);
  return tree_.sequence({tree_.text("`"), function, tree_.text("'::`"), block, tree_.text("'")});
}

NodeId Microsoft::type_name() {
  if (is_digit(in_.peek())) return in_scopes({.node = reference_to_name()});
  Unqualified name;
  name.node = in_.take("?$") ? template_instance(false).node : simple_name();
  return name.node == kNone ? kNone : in_scopes(name);
}

std::optional<std::string> undecorate_microsoft(std::string_view name) {
  const bool is_type = name.starts_with('.');
  if (!is_type && !name.starts_with('?')) return std::nullopt;
  Tree tree(name.size());
  Microsoft microsoft(name, tree);
  const auto root = is_type ? microsoft.whole_type_name() : microsoft.whole_symbol();
  return root == kNone ? std::nullopt : Printer(tree, Style::Microsoft).print(root);
}

}  // namespace vigil::names
