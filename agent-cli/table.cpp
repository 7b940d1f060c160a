// SPDX-License-Identifier: Apache-2.0
#include "table.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "text.h"

namespace vigil::cli {
namespace {

/// With less room than this the last column says nothing any more.
constexpr std::size_t kMinLastWidth = 12;
constexpr std::string_view kGap = "  ";

}  // namespace

Table::Cell::Cell(std::string words) : text(std::move(words)), width(display_width(text)) {}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
  Row heading;
  heading.reserve(columns_.size());
  for (const auto& column : columns_) heading.emplace_back(std::string(column.heading));
  rows_.push_back(std::move(heading));
}

void Table::add(std::vector<std::string> cells) {
  Row row;
  row.reserve(columns_.size());
  for (auto& cell : cells) row.emplace_back(std::move(cell));
  row.resize(columns_.size(), Cell(""));
  rows_.push_back(std::move(row));
}

Table::Layout Table::lay_out(std::optional<std::size_t> terminal, bool heading) const {
  Layout layout{std::vector<std::size_t>(columns_.size()), columns_.size(),
                std::numeric_limits<std::size_t>::max()};
  for (std::size_t r = heading ? 0 : 1; r < rows_.size(); ++r) {
    for (std::size_t i = 0; i + 1 < columns_.size(); ++i)
      layout.widths[i] = std::max(layout.widths[i], rows_[r][i].width);
  }
  if (!terminal) return layout;
  const auto before_last = std::accumulate(layout.widths.begin(), layout.widths.end(),
                                           kGap.size() * (columns_.size() - 1));
  if (*terminal < before_last + kMinLastWidth) {
    --layout.columns;
  } else {
    layout.last_width = *terminal - before_last;
  }
  return layout;
}

std::string Table::line_of(const Row& row, const Layout& layout) const {
  std::string line;
  for (std::size_t i = 0; i < layout.columns; ++i) {
    if (i > 0) line += kGap;
    const auto& cell = row[i];
    const bool last = i + 1 == columns_.size();
    const std::size_t padding = last ? 0 : layout.widths[i] - cell.width;
    const bool right = columns_[i].align == Align::Right;
    if (right) line.append(padding, ' ');
    line += last && cell.width > layout.last_width ? cut_to_width(cell.text, layout.last_width)
                                                   : cell.text;
    if (!right) line.append(padding, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string Table::text(const Context& context,
                        std::optional<std::size_t> width,
                        bool heading) const {
  const auto layout = lay_out(width, heading);
  std::string text;
  for (std::size_t i = heading ? 0 : 1; i < rows_.size(); ++i) {
    const auto line = line_of(rows_[i], layout);
    text += i == 0 ? bold(context, line) : line;
    text += '\n';
  }
  return text;
}

}  // namespace vigil::cli
