// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "pdb/msf.h"
#include "pdb/sections.h"

/// From the name of a public symbol or of global data to where it is, by the hash tables that the
/// linker wrote.
namespace vigil::pdb {

class GlobalNames {
 public:
  GlobalNames() = default;  ///< None.
  /// \p publics and \p globals are the tables, which may be empty; their entries lead into
  /// \p symbols.
  GlobalNames(Stream publics, Stream globals, Stream symbols);

  /// Of several by that name a public one. Where a table is damaged, all symbols are read once
  /// instead, and \p diagnostics says so.
  [[nodiscard]] std::optional<SectionOffset> find(std::string_view name, Diagnostics& diagnostics);

 private:
  struct Lookup {
    std::optional<SectionOffset> found;
    bool damaged = false;
  };
  struct Scanned {
    std::uint32_t hash = 0;
    std::uint32_t offset = 0;
    friend auto operator<=>(const Scanned&, const Scanned&) = default;
  };
  [[nodiscard]] Lookup look_up(const Stream& table, std::string_view name) const;
  void scan(Diagnostics& diagnostics);
  [[nodiscard]] std::optional<SectionOffset> find_scanned(std::string_view name) const;

  Stream publics_, globals_, symbols_;
  bool is_scanned_ = false;
  std::vector<Scanned> scanned_;  // by hash
};

}  // namespace vigil::pdb
