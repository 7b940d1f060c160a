// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Rows of a benchmark as text in columns.
namespace vigil::bench {

struct Spread {
  double median = 0, least = 0, most = 0;
};
/// Of at least one value.
[[nodiscard]] Spread spread_of(std::vector<double> values);

/// `12.3 s` or `45.6 ms`, with the range behind it: `45.6 ms (41.0-52.1)`.
[[nodiscard]] std::string duration_text(const Spread& seconds);
[[nodiscard]] std::string size_text(std::uint64_t bytes);
/// `2.5x`
[[nodiscard]] std::string ratio_text(double ratio);

using Row = std::vector<std::string>;
/// The first row is the head. All have as many cells.
[[nodiscard]] std::string table_text(const std::vector<Row>& rows);

}  // namespace vigil::bench
