// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "pdb/c13.h"
#include "pdb/dbi.h"
#include "pdb/msf.h"
#include "pdb/sections.h"

/// The functions of one module, from its symbol records.
namespace vigil::pdb {

/// A piece of code with a name.
struct Procedure {
  SectionOffset start;
  std::uint32_t size = 0;
  std::uint32_t record = 0;  ///< Offset in the module's symbols.
};

class Module {
 public:
  /// Walks the records of the outermost scope once. What cannot be read is noted, and ends the
  /// walk.
  [[nodiscard]] static Module read(const Msf& msf,
                                   const ModuleStreams& streams,
                                   std::uint16_t index,
                                   Diagnostics& diagnostics);

  [[nodiscard]] const Procedure* find(SectionOffset place) const;
  /// For a part that was moved away from its function, the function's name. None: damaged.
  [[nodiscard]] std::optional<std::string> name(const Procedure& procedure) const;
  /// The records inside of \p procedure: scopes and inlined calls.
  [[nodiscard]] Stream scope(const Procedure& procedure) const;
  [[nodiscard]] const LineTable& lines() const noexcept { return lines_; }
  /// Bytes.
  [[nodiscard]] std::size_t memory() const noexcept;

 private:
  [[nodiscard]] Status walk();
  [[nodiscard]] std::uint64_t add(const format::RecordHeader& header,
                                  std::uint64_t at,
                                  ByteView record);
  [[nodiscard]] bool ends_scope(std::uint64_t at, std::uint64_t from) const;

  Stream symbols_;
  LineTable lines_;
  std::vector<Procedure> procedures_;  // by start
};

}  // namespace vigil::pdb
