// SPDX-License-Identifier: Apache-2.0
#include "names/cursor.h"
#include "names/printer.h"

namespace vigil::names {

NodeId Printer::resolved(NodeId id) {
  while (id != kNone && step()) {
    const Node& node = tree_[id];
    if (node.kind == NodeKind::Forward) {
      id = node.first;
    } else if (node.kind == NodeKind::Pack && pack_index_) {
      id = item_of(node);
    } else {
      return id;
    }
  }
  return kNone;
}

bool Printer::is_function(NodeId id) {
  return tree_[resolved(id)].kind == NodeKind::Function;
}

/// Whether a pointer to it must be set in parentheses: what stands behind binds more.
bool Printer::needs_parentheses(NodeId id) {
  id = resolved(id);
  while (tree_[id].kind == NodeKind::Qualified && step()) id = resolved(tree_[id].first);
  return tree_[id].kind == NodeKind::Function || tree_[id].kind == NodeKind::Array;
}

void Printer::right(NodeId id) {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) failed_ = true;
  if (!step()) return;
  const Node& node = tree_[id];
  switch (node.kind) {
    case NodeKind::Pack:
      if (pack_index_) right(item_of(node));
      return;
    case NodeKind::Forward:
    case NodeKind::Qualified:
    case NodeKind::Vendor: return right(node.first);
    case NodeKind::Pointer: return pointer_right(node);
    case NodeKind::Reference: return reference(node, false);
    case NodeKind::MemberPointer:
      if (needs_parentheses(node.second)) put(')');
      return right(node.second);
    case NodeKind::Array: return array_right(node);
    case NodeKind::Function: return function_right(node);
    case NodeKind::None:
    case NodeKind::Text:
    case NodeKind::Number:
    case NodeKind::Sequence:
    case NodeKind::Scope:
    case NodeKind::Template:
    case NodeKind::Tagged:
    case NodeKind::List:
    case NodeKind::Arguments:
    case NodeKind::Expansion:
    case NodeKind::Encoding:
    case NodeKind::Lambda: return;
  }
}

void Printer::pointer_left(const Node& node, std::string_view sign) {
  left(node.first);
  const bool parentheses = needs_parentheses(node.first);
  if (parentheses && !is_function(node.first)) put(' ');
  if (parentheses) {
    put('(');
    convention(node.first);
  } else if (microsoft()) {
    put(' ');
  }
  put(sign);
}

void Printer::pointer_right(const Node& node) {
  if (needs_parentheses(node.first)) put(')');
  right(node.first);
}

/// A reference to a reference, which template arguments make, is one reference: `&&` only when both
/// are.
void Printer::reference(const Node& node, bool on_the_left) {
  auto sign = node.text;
  auto target = node.first;
  for (auto id = resolved(target); tree_[id].kind == NodeKind::Reference && step();
       id = resolved(target)) {
    if (tree_[id].text.size() < sign.size()) sign = tree_[id].text;
    target = tree_[id].first;
  }
  const Node collapsed{.kind = NodeKind::Reference, .first = target, .text = sign};
  on_the_left ? pointer_left(collapsed, sign) : pointer_right(collapsed);
}

void Printer::member_pointer_left(const Node& node) {
  left(node.second);
  if (needs_parentheses(node.second)) {
    if (!is_function(node.second)) put(' ');
    put('(');
    convention(node.second);
    if (last() != '(') put(' ');
  } else {
    put(' ');
  }
  both(node.first);
  put("::*");
}

void Printer::convention(NodeId pointee) {
  const Node& node = tree_[resolved(pointee)];
  if (node.kind == NodeKind::Function) put(node.text);
}

void Printer::array_right(const Node& node) {
  if (last() != ']' && !(microsoft() && last() == ')')) put(' ');
  put('[');
  both(node.second);
  put(']');
  right(node.first);
}

void Printer::function_left(const Node& node) {
  if (node.first == kNone) return;
  left(node.first);
  put(' ');
}

void Printer::function_right(const Node& node) {
  const bool inside_pointer = last() == ')';
  if (!inside_pointer) put(node.text.substr(0, microsoft() ? node.text.size() : 0));
  put('(');
  const auto first = out_.size();
  list(node.second);
  if ((node.flags & kVariadic) != 0)
    put(out_.size() > first ? (microsoft() ? ",..." : ", ...") : "...");
  if (microsoft() && out_.size() == first) put("void");
  put(')');
  if (!microsoft()) {
    if ((node.flags & kConst) != 0) put(" const");
    if ((node.flags & kVolatile) != 0) put(" volatile");
    if ((node.flags & kRestrict) != 0) put(" restrict");
    if ((node.flags & kLvalue) != 0) put(" &");
    if ((node.flags & kRvalue) != 0) put(" &&");
  } else {
    if ((node.flags & kConst) != 0) put("const");
    if ((node.flags & kVolatile) != 0) put(" volatile");
    if ((node.flags & kLvalue) != 0) put(" &");
    if ((node.flags & kRvalue) != 0) put(" &&");
  }
  if ((node.flags & kNoexcept) != 0) put(" noexcept");
  if (node.first != kNone) right(node.first);
}

void Printer::qualifiers(std::uint8_t flags) {
  if ((flags & kConst) != 0) put(" const");
  if ((flags & kVolatile) != 0) put(" volatile");
  if ((flags & kRestrict) != 0) put(microsoft() ? " __restrict" : " restrict");
}

}  // namespace vigil::names
