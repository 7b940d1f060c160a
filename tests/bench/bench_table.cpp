// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_table.h"

#include <algorithm>

#include <fmt/format.h>

namespace vigil::bench {
namespace {

/// Three digits that say something.
std::string number_text(double value) {
  if (value >= 100) return fmt::format("{:.0f}", value);
  return value >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  const auto median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {.median = median, .least = values.front(), .most = values.back()};
}

std::string duration_text(const Spread& seconds) {
  const bool long_enough = seconds.median >= 1;
  const double unit = long_enough ? 1 : 1000;
  return fmt::format("{} {} ({}-{})", number_text(seconds.median * unit), long_enough ? "s" : "ms",
                     number_text(seconds.least * unit), number_text(seconds.most * unit));
}

std::string size_text(std::uint64_t bytes) {
  constexpr double kKibibyte = 1024;
  const auto kibibytes = static_cast<double>(bytes) / kKibibyte;
  if (kibibytes < kKibibyte) return number_text(kibibytes) + " KiB";
  return number_text(kibibytes / kKibibyte) + " MiB";
}

std::string ratio_text(double ratio) {
  return number_text(ratio) + "x";
}

std::string table_text(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace vigil::bench
