// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "pdb/info.h"
#include "pdb/msf.h"
#include "pdb/sections.h"

/// The lines of one module: subsections of the kind that the compiler calls C13.
namespace vigil::pdb {

/// A file is named by its offset in the module's file checksums.
struct FileLine {
  std::uint32_t file = 0;
  std::uint32_t line = 0;  ///< 0: no line made this code.
};

class LineTable {
 public:
  LineTable() = default;  ///< An empty one.

  /// Walks the subsections once and keeps where they are. What is damaged ends the walk: \p damage
  /// says how.
  [[nodiscard]] static LineTable read(const Stream& c13, std::optional<Error>& damage);

  [[nodiscard]] std::optional<FileLine> find(SectionOffset place) const;
  /// Where the body of an inlined function begins.
  [[nodiscard]] std::optional<FileLine> inlinee(std::uint32_t id) const;
  /// Empty where it is not known.
  [[nodiscard]] std::string file_name(std::uint32_t file, const Names& names) const;
  /// The module's own frame data.
  [[nodiscard]] const std::vector<Stream>& frame_data() const noexcept { return frame_data_; }
  [[nodiscard]] std::size_t memory() const noexcept;

 private:
  struct Range {
    SectionOffset start;
    std::uint32_t size = 0;          // of the code
    std::uint32_t lines_size = 0;    // of the subsection
    std::uint32_t lines_offset = 0;  // in the stream
  };
  struct Inlinee {
    std::uint32_t id = 0;
    FileLine start;
  };
  [[nodiscard]] Status add(std::uint32_t kind, std::uint64_t offset, std::uint32_t size);
  [[nodiscard]] Status add_lines(std::uint64_t offset, std::uint32_t size);
  [[nodiscard]] Status add_inlinees(const Stream& part);
  void sort();

  Stream c13_;
  Stream checksums_;
  std::vector<Range> ranges_;      // by start
  std::vector<Inlinee> inlinees_;  // by id
  std::vector<Stream> frame_data_;
};

}  // namespace vigil::pdb
