// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "pdb/leaf.h"
#include "pdb/pdb.h"
#include "pdb/types.h"

/// Where the members of structures are, by the records of their types. Records of hostile files
/// lead to each other in circles: whatever is followed is counted.
namespace vigil::pdb {

class Layouts {
 public:
  /// Both must outlive it.
  Layouts(Types& types, Diagnostics& diagnostics) : types_(types), diagnostics_(diagnostics) {}

  [[nodiscard]] std::optional<TypeLayout> find_type(std::string_view name);
  [[nodiscard]] std::optional<std::uint64_t> type_size(std::string_view name);
  [[nodiscard]] std::optional<Member> find_member(std::string_view type, std::string_view path);

 private:
  /// An aggregate with what it needs to outlive its record.
  struct Found {
    std::string name;
    std::uint32_t fields = 0;
    std::uint64_t size = 0;
  };
  /// What is at the end of modifiers and forward references from the type \p index on: the record's
  /// own index.
  [[nodiscard]] std::optional<std::uint32_t> resolve(std::uint32_t index);
  /// The aggregate that the type \p index is; none where it is another kind of type.
  [[nodiscard]] std::optional<Found> aggregate(std::uint32_t index);
  /// Its own members and base classes, without their sizes.
  [[nodiscard]] std::vector<Member> members(const Found& type);
  [[nodiscard]] std::optional<Member> member_named(const Found& type, std::string_view name);
  void complete(Member& member);
  /// How large the type \p index is in bytes; 0: not known.
  [[nodiscard]] std::uint64_t size_of(std::uint32_t index);
  struct Element {
    std::uint32_t type = 0;
    std::uint64_t size = 0;
  };
  /// Of the array that the type \p index is, the elements; none: no array, or \p at is outside.
  [[nodiscard]] std::optional<Element> element(std::uint32_t index, std::uint64_t at);

  [[nodiscard]] std::optional<std::uint32_t> definition_of(const Aggregate& type);
  [[nodiscard]] std::optional<Types::Record> read_record(std::uint32_t index, Scratch& scratch);

  Types& types_;
  Diagnostics& diagnostics_;
  // What one question may cost.
  std::uint32_t definitions_left_ = 0;
  std::uint32_t records_left_ = 0;
  std::uint64_t list_bytes_left_ = 0;
};

/// How large a type is that has no record, only an index; 0: none, or not known.
[[nodiscard]] std::uint64_t simple_type_size(std::uint32_t index) noexcept;

/// One entry of a list of fields.
struct ListedField {
  format::Field kind{};
  std::uint32_t type = 0;  ///< Of a Continuation the list that goes on.
  std::uint64_t offset = 0;
  std::string_view name{};
};
/// The entry of \p list at \p at, which is moved behind it; none where the list ends or is damaged.
[[nodiscard]] std::optional<ListedField> next_field(ByteView list, std::uint64_t& at);

}  // namespace vigil::pdb
