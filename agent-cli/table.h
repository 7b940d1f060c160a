// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "output.h"

namespace vigil::cli {

/// Rows under a heading, each column as wide as its widest cell. On a terminal the last column is
/// cut to what is left of a line, and left out where too little is left to say anything.
class Table {
 public:
  enum class Align : bool { Left, Right };
  struct Column {
    std::string_view heading;
    Align align = Align::Left;
  };

  explicit Table(std::vector<Column> columns);

  /// As many \p cells as there are columns, each one line.
  void add(std::vector<std::string> cells);

  /// Lines that end with a line feed. \p width: of the terminal, nothing where there is none.
  [[nodiscard]] std::string text(const Context& context,
                                 std::optional<std::size_t> width,
                                 bool heading = true) const;

 private:
  /// Measured once: laying out goes over the cells more than once.
  struct Cell {
    explicit Cell(std::string words);
    std::string text;
    std::size_t width;
  };
  using Row = std::vector<Cell>;

  struct Layout {
    std::vector<std::size_t> widths;
    std::size_t columns;     ///< That are shown.
    std::size_t last_width;  ///< Of the last of all.
  };

  [[nodiscard]] Layout lay_out(std::optional<std::size_t> terminal, bool heading) const;
  [[nodiscard]] std::string line_of(const Row& row, const Layout& layout) const;

  std::vector<Column> columns_;
  std::vector<Row> rows_;  ///< The first is the heading.
};

}  // namespace vigil::cli
