// SPDX-License-Identifier: Apache-2.0
#include "names/tree.h"

namespace vigil::names {

Tree::Tree(std::size_t size) {
  constexpr std::size_t kOwn = 2;  // kNone and kEmptyList
  nodes_.reserve(kOwn + size);
  nodes_.push_back({});
  nodes_.push_back({.kind = NodeKind::List});
}

NodeId Tree::add(const Node& node) {
  nodes_.push_back(node);
  return static_cast<NodeId>(nodes_.size() - 1);
}

NodeId Tree::unary(NodeKind kind, NodeId first, std::string_view text) {
  return first == kNone ? kNone : add({.kind = kind, .first = first, .text = text});
}

NodeId Tree::binary(NodeKind kind, NodeId first, NodeId second) {
  if (first == kNone || second == kNone) return kNone;
  return add({.kind = kind, .first = first, .second = second});
}

NodeId Tree::sequence(std::initializer_list<NodeId> parts) {
  NodeId result = kNone;
  for (const auto part : parts) {
    if (part == kNone) return kNone;
    result = result == kNone ? part : binary(NodeKind::Sequence, result, part);
  }
  return result;
}

NodeId Tree::qualified(NodeId type, std::uint8_t flags) {
  if (type == kNone || flags == 0) return type;
  const auto kind = nodes_[type].kind;
  if (kind == NodeKind::Function || kind == NodeKind::Qualified) {  // a function is of a member
    Node more = nodes_[type];
    more.flags |= flags;
    return add(more);
  }
  return add({.kind = NodeKind::Qualified, .flags = flags, .first = type});
}

void ListBuilder::append(NodeId item) {
  const auto cell = tree_.add({.kind = NodeKind::List, .first = item});
  if (tail_ == kNone) {
    head_ = cell;
  } else {
    tree_.nodes_[tail_].second = cell;
  }
  tail_ = cell;
}

}  // namespace vigil::names
