// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "names/cursor.h"
#include "names/tree.h"

namespace vigil::names {

/// Reads names as Microsoft's compilers decorate them. There is no specification: the forms are
/// those that the compilers' and LLVM's undecorators know.
///
/// Member functions give kNone for what they do not understand.
class Microsoft {
 public:
  Microsoft(std::string_view name, Tree& tree) : in_(name), tree_(tree) {}

  /// `?f@ns@@YAXXZ`, up to where nothing behind adds to the name.
  NodeId whole_symbol();
  /// `.?AVClass@ns@@`, `.PEAD`.
  NodeId whole_type_name();

 private:
  /// Names that a digit refers to, each once, in the order they were spelled out; and the types of
  /// parameters. Template arguments have a set of their own.
  struct Name {
    std::string_view spelling;
    NodeId node = kNone;
  };
  static constexpr std::size_t kMaxReferences = 10;
  struct References {
    std::array<Name, kMaxReferences> names;
    std::size_t name_count = 0;
    std::array<NodeId, kMaxReferences> types{};
    std::size_t type_count = 0;
  };
  /// An unqualified name, and what it leaves open until more is read.
  struct Unqualified {
    NodeId node = kNone;
    NodeId class_name = kNone;       ///< Forward: the class of a constructor or destructor.
    NodeId conversion_type = kNone;  ///< Forward: what a conversion operator returns.
  };

  // microsoft_name.cpp
  NodeId symbol(bool whole);
  NodeId simple_name();
  NodeId reference_to_name();
  NodeId anonymous_namespace();
  NodeId local_scope();
  [[nodiscard]] bool at_local_scope() const;
  NodeId scope_piece();
  NodeId in_scopes(const Unqualified& name);
  NodeId type_name();
  Unqualified unqualified();
  void remember(std::string_view spelling, NodeId node);
  [[nodiscard]] std::string_view since(std::string_view before) const;

  // microsoft_special.cpp
  Unqualified operator_name();
  Unqualified named_operator(std::string_view name);
  NodeId special_symbol(bool& is_special);
  NodeId table(std::string_view name);
  NodeId vcall();
  NodeId static_guard(std::string_view name);
  NodeId initializer(std::string_view what);
  NodeId type_descriptor();
  NodeId base_class_descriptor();
  NodeId class_data(std::string_view name);

  // microsoft_function.cpp
  NodeId encoding(NodeId name, const Unqualified& unqualified, bool whole);
  NodeId function_encoding(NodeId name, const Unqualified& unqualified, bool whole);
  bool variable();
  NodeId thunk_suffix(std::string_view name, std::size_t numbers);
  NodeId function_type(bool has_this);
  bool parameters(Node& function);
  NodeId parameter();
  std::string_view convention();
  std::uint8_t this_qualifiers();

  // microsoft_type.cpp
  NodeId type();
  NodeId unguarded_type();
  NodeId returned_type();
  NodeId builtin_type();
  NodeId extended_type();
  NodeId pointer();
  NodeId pointee(NodeKind kind, std::string_view sign);
  NodeId array_type();
  NodeId dimensions(std::uint64_t count);
  std::optional<std::uint8_t> cv_qualifiers();
  std::uint8_t extended_qualifiers();

  // microsoft_template.cpp
  Unqualified template_instance(bool is_function);
  NodeId template_arguments();
  NodeId template_argument(bool& is_nothing);
  NodeId value(char kind);
  NodeId address_of_symbol(char kind);
  NodeId numbers(std::size_t count);
  NodeId structure();
  NodeId placeholder(std::string_view prefix);

  struct Number {
    std::uint64_t magnitude;
    bool is_negative;
  };
  std::optional<Number> take_number();
  NodeId number();

  Cursor in_;
  Tree& tree_;
  std::uint32_t depth_ = 0;
  References references_;
};

}  // namespace vigil::names
