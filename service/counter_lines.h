// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "watch/watch.h"

/// What the service and the child that reads performance counters for it say to each other. The
/// child has libraries of strangers in it, which may make it say anything: whoever reads its lines
/// believes no more than that.
namespace vigil::service {

inline constexpr std::size_t kMaxCounters = 256;
/// Of a line in either direction: a path, or why there is no value.
inline constexpr std::size_t kMaxCounterLineBytes = 1024;

/// A list of counters, each by its path and its process. A new one takes the place of the last.
struct CounterList {
  std::uint32_t number = 0;  ///< What the answers to it are told from others by.
  struct Entry {
    std::string path;
    ProcessId process;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> entries = {};
  friend bool operator==(const CounterList&, const CounterList&) = default;
};
/// `list 7 2`, then a line `4711 \Object({process})\Counter` for each.
[[nodiscard]] std::string counter_list_text(std::uint32_t number,
                                            std::span<const watch::CounterTarget> counters);
/// The list that \p text begins with, which is taken from it; nothing: it is not whole yet.
/// Errc::Malformed: it is none.
[[nodiscard]] Result<std::optional<CounterList>> take_counter_list(std::string& text);

/// What the child says of one counter of a list.
struct CounterLine {
  std::uint32_t list = 0;
  std::uint32_t index = 0;
  std::optional<std::uint64_t> thousandths = {};
  std::string why = {};  ///< Why there is no value.
  friend bool operator==(const CounterLine&, const CounterLine&) = default;
};
/// `7 0 value 12500`, `7 1 none this system has no such object`; without a line feed.
[[nodiscard]] std::string counter_line_text(const CounterLine& line);
[[nodiscard]] Result<CounterLine> parse_counter_line(std::string_view text);

}  // namespace vigil::service
