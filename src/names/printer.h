// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "names/tree.h"

namespace vigil::names {

enum class Style : std::uint8_t {
  Itanium,    ///< `f<int, char const*>`
  Microsoft,  ///< `f<int,char const *>`
};

/// Writes a tree as text. Shared nodes can make a small tree stand for a text without end, or for
/// an empty one that takes without end: output, steps and depth are all limited.
class Printer {
 public:
  Printer(const Tree& tree, Style style) : tree_(tree), style_(style) {}

  /// Nothing, when a limit was met.
  [[nodiscard]] std::optional<std::string> print(NodeId root);

 private:
  /// What a type puts in front of the name that it is the type of, and what behind: the `int (*`
  /// and the `)[3]` of a pointer to an array.
  void left(NodeId id);
  void right(NodeId id);
  void both(NodeId id);

  void left_of(const Node& node);
  void list(NodeId id);
  void item(NodeId id, std::size_t first);
  void template_of(const Node& node);
  void expansion(const Node& node);
  void lambda(const Node& node);

  void pointer_left(const Node& node, std::string_view sign);
  void pointer_right(const Node& node);
  void reference(const Node& node, bool on_the_left);
  void member_pointer_left(const Node& node);
  void convention(NodeId pointee);
  void array_right(const Node& node);
  void function_left(const Node& node);
  void function_right(const Node& node);
  void qualifiers(std::uint8_t flags);

  /// Past what only stands for another node.
  [[nodiscard]] NodeId resolved(NodeId id);
  /// The item of \p pack that the expansion in progress is at; kNone when there is none.
  NodeId item_of(const Node& pack);
  [[nodiscard]] bool is_function(NodeId id);
  [[nodiscard]] bool needs_parentheses(NodeId id);
  [[nodiscard]] bool microsoft() const { return style_ == Style::Microsoft; }
  [[nodiscard]] std::string_view comma() const { return microsoft() ? "," : ", "; }

  void put(std::string_view text);
  void put(char c) { put(std::string_view(&c, 1)); }
  [[nodiscard]] char last() const { return out_.empty() ? '\0' : out_.back(); }
  bool step();

  const Tree& tree_;
  Style style_;
  std::string out_;
  bool failed_ = false;
  std::uint32_t depth_ = 0;
  std::size_t steps_ = 0;
  /// In an expansion: which item of its packs, and how many there are once a pack was met.
  std::optional<std::size_t> pack_index_;
  std::optional<std::size_t> pack_size_;
};

}  // namespace vigil::names
