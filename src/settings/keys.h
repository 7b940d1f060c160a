// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "settings/settings.h"

namespace vigil::settings {

/// What a value is, which is also how it is written and checked.
struct Choice {
  std::string Settings::* member;
  std::span<const std::string_view> values;
};
struct Flag {
  bool Settings::* member;
};
struct Count {
  std::uint32_t Settings::* member;
  std::uint32_t min, max;
};
struct Size {
  std::uint64_t Settings::* member;
  std::uint64_t min, max;
};
struct Duration {
  Microseconds Settings::* member;
  Microseconds min, max;
};

/// A symbol path as debuggers take it.
struct SymbolPath {
  std::string Settings::* member;
};

/// One key of vigil.yaml. The table of these is all there is to say about it: parser, default file
/// and the page in docs/formats come from it.
struct Key {
  std::string_view group;
  std::string_view name;
  std::string_view doc;  ///< One or more lines for the default file.
  std::variant<Choice, Flag, Count, Size, Duration, SymbolPath> value;
};

/// In the order of the default file; keys of one group stand together.
[[nodiscard]] std::span<const Key> keys() noexcept;

/// The value of \p key in \p settings as it is written in the file.
[[nodiscard]] std::string format_value(const Key& key, const Settings& settings);

/// What may stand there: `from 1s to 1m`, `true or false`, `one of trace, debug and info`.
[[nodiscard]] std::string format_range(const Key& key);

}  // namespace vigil::settings
