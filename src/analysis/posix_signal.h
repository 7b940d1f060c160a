// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "snapshot/snapshot.h"

namespace vigil::analysis {

struct PosixSignal {
  std::uint32_t number;
  std::string_view name;     ///< `SIGSEGV`
  std::string_view meaning;  ///< A few words for a person.
  bool has_address;          ///< The record's address is the one that was accessed.
};

/// What an exception code means in a dump of another system than Windows; nullptr: nothing known.
[[nodiscard]] const PosixSignal* find_posix_signal(snapshot::Os os, std::uint32_t number) noexcept;

/// Whether the dump was asked for, and \p number stands for no exception at all.
[[nodiscard]] bool is_dump_request(snapshot::Os os, std::uint32_t number) noexcept;

}  // namespace vigil::analysis
