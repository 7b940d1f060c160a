// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace vigil::names {

/// Index of a node in its tree.
using NodeId = std::uint32_t;
inline constexpr NodeId kNone = 0;       ///< Not understood; or nothing, where that is an answer.
inline constexpr NodeId kEmptyList = 1;  ///< A list without items.

enum class NodeKind : std::uint8_t {
  None,
  Text,           ///< text
  Number,         ///< value
  Sequence,       ///< first, then second
  Scope,          ///< first::second
  Template,       ///< first<second>, a list
  Tagged,         ///< first[abi:second]
  List,           ///< first, and behind it the list second
  Arguments,      ///< a pack of arguments: the list first, all of it
  Pack,           ///< the same as what a parameter stands for: in an expansion one item of it
  Expansion,      ///< first for each item of the packs in it
  Forward,        ///< first, which was not known yet when it was met
  Qualified,      ///< first with flags: const, volatile, restrict
  Vendor,         ///< first with the vendor's qualifier second
  Pointer,        ///< to first; text is its sign
  Reference,      ///< to first; text is its sign
  MemberPointer,  ///< to a member second of the class first
  Array,          ///< of second (nothing: of unknown bound) elements first
  Function,       ///< returns first (or nothing), takes the list second; text is its convention
  Encoding,       ///< the function first with its type second
  Lambda,         ///< the list first of parameters; value is its number
};

/// Qualifiers of types and of member functions, as flags.
using Qualifiers = std::uint8_t;
inline constexpr Qualifiers kConst = 1;
inline constexpr Qualifiers kVolatile = 2;
inline constexpr Qualifiers kRestrict = 4;
inline constexpr Qualifiers kLvalue = 8;
inline constexpr Qualifiers kRvalue = 16;
inline constexpr Qualifiers kNoexcept = 32;
inline constexpr Qualifiers kVariadic = 64;  ///< of a function: its parameters end with …

struct Node {
  NodeKind kind = NodeKind::None;
  Qualifiers flags = 0;
  std::uint64_t value = 0;
  NodeId first = kNone;
  NodeId second = kNone;
  std::string_view text = {};
};

/// What a decorated name says. Nodes may be shared: a back-reference is one more use of a node, so
/// a tree is no larger than the name it was made from, whatever it stands for.
///
/// It does not own the texts: they are parts of the decorated name, or literals.
class Tree {
 public:
  /// For a name of \p size characters.
  explicit Tree(std::size_t size);

  [[nodiscard]] const Node& operator[](NodeId id) const { return nodes_[id]; }

  NodeId add(const Node& node);
  NodeId text(std::string_view text) { return add({.kind = NodeKind::Text, .text = text}); }
  NodeId number(std::uint64_t value) { return add({.kind = NodeKind::Number, .value = value}); }
  NodeId unary(NodeKind kind, NodeId first, std::string_view text = {});
  NodeId binary(NodeKind kind, NodeId first, NodeId second);
  /// Of several parts, none of which may be missing.
  NodeId sequence(std::initializer_list<NodeId> parts);
  NodeId qualified(NodeId type, std::uint8_t flags);
  /// Makes a Forward node stand for \p target.
  void resolve(NodeId forward, NodeId target) { nodes_[forward].first = target; }

 private:
  friend class ListBuilder;
  std::vector<Node> nodes_;
};

/// Makes a list item by item.
class ListBuilder {
 public:
  explicit ListBuilder(Tree& tree) : tree_(tree) {}
  void append(NodeId item);
  [[nodiscard]] NodeId list() const { return head_; }

 private:
  Tree& tree_;
  NodeId head_ = kEmptyList;
  NodeId tail_ = kNone;
};

}  // namespace vigil::names
