// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "names/cursor.h"
#include "names/tree.h"

namespace vigil::names {

/// Reads a name of the Itanium C++ ABI, which GCC and clang use: https://itanium-cxx-abi.github.io.
/// Each member function reads what the ABI calls by that name, and gives kNone for what it does not
/// understand.
class Itanium {
 public:
  /// \p text is what stands behind `_Z`.
  Itanium(std::string_view text, Tree& tree);

  /// The name of a function or variable, or what else the compiler named; its parameters are left
  /// unread.
  NodeId symbol();

 private:
  /// What a name says of the function that has it.
  struct Function {
    std::uint8_t qualifiers = 0;
    bool ends_with_arguments = false;
    bool has_no_return_type = false;  // constructors, destructors, conversions
  };

  /// How much of an encoding is read, and written.
  enum class Part : std::uint8_t { Name, WithParameters, WithReturnType };

  // itanium_special.cpp
  NodeId special_name();
  NodeId thunk();
  bool call_offset();
  NodeId prefixed(std::string_view prefix, NodeId of);
  NodeId construction_vtable();
  NodeId reference_temporary();

  // itanium_name.cpp
  NodeId encoding(Part part);
  NodeId function_type_of(NodeId name, const Function& function, bool with_return);
  NodeId name(Function* function);
  NodeId unscoped_name(Function* function);
  NodeId nested_name(Function* function);
  NodeId nested_part(NodeId scope, Function* function, bool& is_candidate);
  NodeId local_name(Function* function);
  void discriminator();
  NodeId substitution();
  NodeId standard_substitution();
  NodeId template_arguments(Function* function);
  NodeId template_argument_list(Function* function);
  NodeId template_argument();
  bool template_declaration();
  NodeId template_parameter();
  std::uint8_t cv_qualifiers();

  // itanium_unqualified.cpp
  NodeId unqualified_name(NodeId scope, Function* function);
  NodeId bare_unqualified_name(NodeId scope, Function* function);
  NodeId source_name();
  NodeId operator_name(Function* function);
  NodeId conversion(Function* function);
  NodeId constructor_or_destructor(NodeId scope, Function* function);
  NodeId structured_binding();
  NodeId unnamed_type();
  NodeId lambda();
  NodeId base_name(NodeId scope);

  // itanium_type.cpp
  NodeId type();
  NodeId composed_type(bool& is_candidate);
  NodeId builtin_type();
  NodeId extended_type(bool& is_candidate);
  NodeId bit_int();
  NodeId qualified_type();
  NodeId vendor_qualified();
  NodeId function_type();
  NodeId array_type();
  NodeId vector_type();
  NodeId member_pointer();
  NodeId decltype_of();
  NodeId substituted_type(bool& is_candidate);
  NodeId parameter_list();

  // itanium_expression.cpp
  NodeId expression();
  NodeId operation();
  NodeId other_expression();
  NodeId unary(std::string_view sign);
  NodeId in_parentheses(NodeId node);
  NodeId call();
  NodeId cast_to();
  NodeId named_cast(std::string_view which);
  NodeId fold(bool left, bool with_initial);
  NodeId function_parameter();
  NodeId literal();
  NodeId literal_of(NodeId type, char code);
  NodeId unresolved_name();
  NodeId base_unresolved_name();
  NodeId simple_id(NodeId name);
  NodeId expressions_until_end();

  std::optional<std::uint32_t> sequence_number();
  std::optional<std::uint32_t> counted();

  Cursor in_;
  Tree& tree_;
  std::uint32_t depth_ = 0;
  std::vector<NodeId> substitutions_;
  std::vector<NodeId> parameters_;  // what T_, T0_ … stand for
  std::vector<NodeId> forwards_;    // Forward nodes; value is the parameter that each stands for
  bool in_lambda_ = false;          // T_ is one of its `auto` parameters
  bool in_conversion_ = false;      // T_ may stand for an argument that comes later
  bool ends_before_arguments_ = false;  // I begins those of the conversion, not of its type
};

/// An operator by its two letters; \p arity is that of expressions, 0 for what has a form of its
/// own there.
struct ItaniumOperator {
  std::string_view code;
  std::string_view sign;
  std::uint8_t arity;
};
[[nodiscard]] const ItaniumOperator* find_operator(std::string_view code);

}  // namespace vigil::names
