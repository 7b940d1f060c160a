// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "pdb/msf.h"

/// From addresses of the image as it runs to those that the records use, and back.
namespace vigil::pdb {

/// Where the linker put something: sections are numbered from 1.
struct SectionOffset {
  std::uint16_t section = 0;
  std::uint32_t offset = 0;
  friend auto operator<=>(const SectionOffset&, const SectionOffset&) = default;
};

/// The range at or below an address must begin in the same section, and end above it.
[[nodiscard]] inline bool covers(SectionOffset start, std::uint32_t size, SectionOffset at) {
  return start.section == at.section && start.offset <= at.offset &&
         at.offset - start.offset < size;
}

class Sections {
 public:
  Sections() = default;
  /// \p headers are the original ones where the two maps are there.
  [[nodiscard]] static Result<Sections> read(const Stream& headers,
                                             const Stream& omap_to_source,
                                             const Stream& omap_from_source);

  /// None outside of all sections, and for code that was not there before the rearrangement.
  [[nodiscard]] std::optional<SectionOffset> place(std::uint32_t rva) const;
  /// None for what is in no section, and for code that was left out in the rearrangement.
  [[nodiscard]] std::optional<std::uint32_t> rva(SectionOffset place) const;

  /// The same without the sections: where code came from, and where it went.
  [[nodiscard]] std::optional<std::uint32_t> to_source(std::uint32_t rva) const;
  [[nodiscard]] std::optional<std::uint32_t> from_source(std::uint32_t rva) const;

 private:
  struct Section {
    std::uint32_t rva = 0;
    std::uint32_t size = 0;
  };
  std::vector<Section> sections_;
  Stream omap_to_source_;
  Stream omap_from_source_;
};

}  // namespace vigil::pdb
