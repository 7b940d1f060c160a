// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "pdb/format.h"
#include "pdb/msf.h"
#include "pdb/sections.h"

/// Stream 3: the modules that were linked, which piece of the image is whose, and the numbers of
/// other streams.
namespace vigil::pdb {

/// A piece of a module as the linker placed it.
struct Contribution {
  SectionOffset start;
  std::uint32_t size = 0;
  std::uint16_t module = 0;
  bool one_function = false;  ///< COMDAT.
};

/// Where the symbols of one module are.
struct ModuleStreams {
  std::uint16_t stream = format::kNilStream;
  std::uint32_t symbols_size = 0;
  std::uint32_t c11_size = 0;
  std::uint32_t c13_size = 0;
};

class Dbi {
 public:
  [[nodiscard]] static Result<Dbi> open(const Stream& stream);

  [[nodiscard]] const format::DbiHeader& header() const noexcept { return header_; }

  /// Of the optional headers; kNilStream: there is none.
  [[nodiscard]] std::uint16_t debug_stream(format::DebugHeader header) const;

  /// The piece at \p place: a binary search in place.
  [[nodiscard]] std::optional<Contribution> contribution(SectionOffset place) const;

  /// Module \p index. The list has no index, and is read up to there.
  [[nodiscard]] Result<ModuleStreams> module(std::uint16_t index);

 private:
  [[nodiscard]] Result<Contribution> contribution_at(std::uint64_t index) const;
  [[nodiscard]] Status read_next_module();

  format::DbiHeader header_{};
  Stream modules_;
  Stream contributions_;  // without the version
  std::uint64_t contribution_bytes_ = 0;
  Stream debug_headers_;
  std::vector<ModuleStreams> known_modules_;
  std::uint64_t next_module_ = 0;  // its offset in the list
};

}  // namespace vigil::pdb
