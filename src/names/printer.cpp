// SPDX-License-Identifier: Apache-2.0
#include "names/printer.h"

#include <array>
#include <charconv>
#include <utility>

#include "names/cursor.h"
#include "names/names.h"

namespace vigil::names {

/// Several visits a character of the longest name. Each visit that writes nothing counts too.
constexpr std::size_t kMaxSteps = 16 * kMaxName;

std::optional<std::string> Printer::print(NodeId root) {
  constexpr std::size_t kUsualName = 256;
  out_.reserve(kUsualName);
  both(root);
  if (failed_ || out_.empty()) return std::nullopt;
  return std::move(out_);
}

bool Printer::step() {
  if (++steps_ > kMaxSteps) failed_ = true;
  return !failed_;
}

void Printer::put(std::string_view text) {
  if (text.size() > kMaxName - out_.size()) failed_ = true;
  if (!failed_) out_ += text;
}

void Printer::both(NodeId id) {
  left(id);
  right(id);
}

void Printer::left(NodeId id) {
  const Nesting nesting(depth_);
  if (nesting.too_deep()) failed_ = true;
  if (step()) left_of(tree_[id]);
}

void Printer::left_of(const Node& node) {
  switch (node.kind) {
    case NodeKind::None: return;
    case NodeKind::Text: return put(node.text);
    case NodeKind::Number: {
      std::array<char, 24> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), node.value).ptr;
      return put({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
    case NodeKind::Sequence: both(node.first); return both(node.second);
    case NodeKind::Scope:
      both(node.first);
      put("::");
      return both(node.second);
    case NodeKind::Template: return template_of(node);
    case NodeKind::Tagged:
      both(node.first);
      put("[abi:");
      both(node.second);
      return put(']');
    case NodeKind::List: return;  // written by what has the list
    case NodeKind::Arguments: return list(node.first);
    case NodeKind::Pack:
      if (!pack_index_) return list(node.first);
      return left(item_of(node));
    case NodeKind::Expansion: return expansion(node);
    case NodeKind::Forward: return left(node.first);
    case NodeKind::Qualified: left(node.first); return qualifiers(node.flags);
    case NodeKind::Vendor:
      left(node.first);
      put(' ');
      return both(node.second);
    case NodeKind::Pointer: return pointer_left(node, node.text);
    case NodeKind::Reference: return reference(node, true);
    case NodeKind::MemberPointer: return member_pointer_left(node);
    case NodeKind::Array: return left(node.first);
    case NodeKind::Function: return function_left(node);
    case NodeKind::Encoding:
      function_left(tree_[node.second]);
      both(node.first);
      return function_right(tree_[node.second]);
    case NodeKind::Lambda: return lambda(node);
  }
}

void Printer::list(NodeId id) {
  const auto first = out_.size();
  for (; id != kNone && step(); id = tree_[id].second) item(tree_[id].first, first);
}

/// One of a list that began at \p first of the output. Packs may be empty, and then take no comma.
void Printer::item(NodeId id, std::size_t first) {
  const auto before = out_.size();
  if (before > first) put(comma());
  const auto after = out_.size();
  both(id);
  if (out_.size() == after && !failed_) out_.resize(before);
}

void Printer::template_of(const Node& node) {
  both(node.first);
  if (last() == '<' && !microsoft()) put(' ');  // of an operator
  put('<');
  list(node.second);
  if (last() == '>') put(' ');
  put('>');
}

void Printer::expansion(const Node& node) {
  const auto outer_index = std::exchange(pack_index_, 0);
  const auto outer_size = std::exchange(pack_size_, std::nullopt);
  const auto first = out_.size();
  both(node.first);
  if (!pack_size_) {
    if (!failed_) out_.insert(first, 1, '(');
    put(")...");
  } else if (*pack_size_ == 0 && !failed_) {
    out_.resize(first);
  }
  for (std::size_t i = 1; i < pack_size_.value_or(0) && !failed_; ++i) {
    pack_index_ = i;
    item(node.first, first);
  }
  pack_index_ = outer_index;
  pack_size_ = outer_size;
}

NodeId Printer::item_of(const Node& pack) {
  if (!pack_size_) {
    std::size_t size = 0;
    for (auto id = pack.first; id != kNone && step(); id = tree_[id].second) {
      if (tree_[id].first != kNone) ++size;
    }
    pack_size_ = size;
  }
  auto id = pack.first;
  const auto index = pack_index_.value_or(0);
  for (std::size_t i = 0; i < index && id != kNone && step(); ++i) id = tree_[id].second;
  return id == kNone ? kNone : tree_[id].first;
}

void Printer::lambda(const Node& node) {
  put("{lambda(");
  list(node.first);
  put(")#");
  left_of({.kind = NodeKind::Number, .value = node.value});
  put('}');
}

}  // namespace vigil::names
