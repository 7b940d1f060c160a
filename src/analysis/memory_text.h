// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "snapshot/snapshot.h"

namespace vigil::analysis {

/// How much of a string out of the captured memory goes into a report. Strings are taken for named
/// purposes only: what an exception says of itself, and names of modules and functions.
inline constexpr std::size_t kMaxMemoryText = 256;

/// The NUL-terminated text at \p address, printable, on one line, cut at kMaxMemoryText bytes;
/// empty when it was not captured.
[[nodiscard]] std::string read_text(snapshot::Memory& memory, std::uint64_t address);

/// The same of UTF-16.
[[nodiscard]] std::string read_wide_text(snapshot::Memory& memory, std::uint64_t address);

}  // namespace vigil::analysis
