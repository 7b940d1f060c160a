// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/analysis.h"

namespace vigil::analysis {

/// What kind of end a crash was, for whoever puts it into words.
enum class Ending : std::uint8_t {
  Access,  ///< ACCESS_VIOLATION, IN_PAGE_ERROR and the like: an address is known.
  StackOverflow,
  FastFail,
  CxxException,  ///< Nobody caught it; also when the runtime then called abort().
  Abort,
  Exit,  ///< The process ended itself with an exit code.
  Other,
};

struct DecodedCrash {
  report::Crash crash{};
  Ending ending = Ending::Other;
  std::string cxx_type{};  ///< What was thrown, where the dump says: `std::runtime_error`.
};

/// Addresses below are no address of a program's: a null pointer and an offset.
inline constexpr std::uint64_t kNullPageEnd = 0x10000;

/// The snapshot's exception in words. \p stack is the walk of its thread; null: there is none.
[[nodiscard]] std::optional<DecodedCrash> decode_crash(const Input& input,
                                                       const report::Thread* stack);

}  // namespace vigil::analysis
