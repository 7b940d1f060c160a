// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "pdb/msf.h"
#include "pdb/sections.h"

/// Public symbols, by address. All that a stripped file names.
namespace vigil::pdb {

struct Public {
  SectionOffset start;
  std::string name;  ///< Decorated.
};

class Publics {
 public:
  Publics() = default;  ///< None.
  [[nodiscard]] static Result<Publics> open(const Stream& publics, const Stream& symbols);

  /// The one at or closest below \p place, in its section: a binary search in place. Of several at
  /// one address the last that is a function, as the linker sorted them.
  [[nodiscard]] std::optional<Public> nearest(SectionOffset place) const;
  /// The table of their names.
  [[nodiscard]] const Stream& names() const noexcept { return names_; }

 private:
  struct Record {
    SectionOffset start;
    bool is_function = false;
    std::uint32_t offset = 0;
  };
  [[nodiscard]] Result<Record> record(std::uint64_t index) const;

  Stream names_;
  Stream address_map_;
  Stream symbols_;
};

}  // namespace vigil::pdb
