// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_view.h"
#include "pdb/format.h"

/// What the records of the type streams are put together from.
namespace vigil::pdb {

struct Numeric {
  std::uint64_t value = 0;  ///< Of a negative number its two's complement.
  std::uint64_t bytes = 0;  ///< That it takes.
};
/// The number at \p at: small ones are 2 bytes, others have a leaf in front. None for floating
/// point and what does not fit.
[[nodiscard]] std::optional<Numeric> numeric_at(ByteView body, std::uint64_t at);

/// Empty where there is none.
[[nodiscard]] std::string text_at(ByteView body, std::uint64_t at);

/// A class, structure, interface or union.
struct Aggregate {
  std::uint32_t properties = 0;
  std::uint32_t fields = 0;  ///< The index of the list of its fields; 0: none.
  std::uint64_t size = 0;    ///< Bytes.
  std::string_view name;     ///< Lives as long as the record's bytes.
  std::string_view unique_name;

  [[nodiscard]] bool is_forward_reference() const noexcept {
    return (properties & format::kForwardReference) != 0;
  }
  /// What definitions of it are filed under in the table of names; that of one within a function is
  /// its unique name.
  [[nodiscard]] std::string_view filed_name() const noexcept {
    const bool scoped = (properties & format::kScoped) != 0;
    return scoped && !unique_name.empty() ? unique_name : name;
  }
};
/// None for other kinds of records, and damaged ones.
[[nodiscard]] std::optional<Aggregate> read_aggregate(format::Leaf kind, ByteView body);

}  // namespace vigil::pdb
