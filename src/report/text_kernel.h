// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "report/report.h"
#include "report/text_page.h"

/// What the texts of a dump of a whole machine share.
namespace vigil::report {

/// What the star behind a driver means.
inline constexpr std::string_view kNotOfWindows =
    "* not among Windows' own drivers as Vigil knows them";

inline constexpr int kDigits = 18;  ///< 0x and 16 of them

template <class T>
std::string text_of(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : "-";
}
inline std::string hex_of(const std::optional<std::uint64_t>& value) {
  return value ? fmt::format("{:#018x}", *value) : "-";
}

/// \p name for a column of \p width: cut where rows have to stay within a line.
[[nodiscard]] std::string name_cell(std::string_view name,
                                    std::size_t width,
                                    const TextOptions& options);
/// Start, end and name of what lies in memory.
void add_range(TextPage& page,
               std::uint64_t base,
               std::uint64_t size,
               std::string_view name,
               const TextOptions& options);

void add_peb(TextPage& page, const ProcessEnvironment& peb, const TextOptions& options);
void add_teb(TextPage& page, const ThreadEnvironment& teb);

/// `the machine had next to none left: 200 MiB of 16.0 GiB available`
[[nodiscard]] std::string low_memory_in_words(const Kernel& kernel);

}  // namespace vigil::report
