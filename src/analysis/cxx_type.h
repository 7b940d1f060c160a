// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snapshot/snapshot.h"

namespace vigil::analysis {

/// The type that a Visual C++ program threw, from the exception's parameters and the ThrowInfo they
/// point at; empty when the dump does not hold it.
[[nodiscard]] std::string read_msvc_type(snapshot::Cpu cpu,
                                         snapshot::Memory& memory,
                                         const std::vector<std::uint64_t>& parameters);

/// What the thrown object's what() would say, when it is a std::exception and the dump holds its
/// text: printable, on one line, at most kMaxMemoryText bytes. Empty otherwise.
[[nodiscard]] std::string read_msvc_what(snapshot::Cpu cpu,
                                         snapshot::Memory& memory,
                                         const std::vector<std::uint64_t>& parameters);

}  // namespace vigil::analysis
