// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/analysis.h"
#include "analysis/fill_pattern.h"
#include "analysis/recursion.h"

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
  bool address_unknown = false;  ///< What was accessed is recorded as -1, which stands for that.
  std::string cxx_type{};        ///< What was thrown, where the dump says: `std::runtime_error`.
  std::string cxx_what{};        ///< And what it says of itself.
  const FillPattern* fill = nullptr;  ///< That the accessed address came from.
  std::string pointer_text{};         ///< The characters that the accessed address is made of.
  std::string region{};   ///< What lies at the accessed address: `where nothing is mapped`.
  std::string wanted{};   ///< Of a delay load: `helper.dll!Work`.
  std::string divisor{};  ///< Of a division by zero: `ecx`.
  std::string_view runtime_call{};       ///< What a runtime's function on the stack says was done.
  std::optional<Recursion> recursion{};  ///< Of a stack overflow.
};

/// Addresses below are no address of a program's: a null pointer and an offset.
inline constexpr std::uint64_t kNullPageEnd = 0x10000;

/// Whether the snapshot's exception is one. Dumps of other systems have a record also when they
/// were asked for.
[[nodiscard]] bool has_crashed(const snapshot::Snapshot& snapshot) noexcept;

/// A report says it: no memory is needed.
[[nodiscard]] Ending ending_of(const report::Crash& crash) noexcept;

/// The snapshot's exception in words. \p stack is the walk of its thread; null: there is none.
[[nodiscard]] std::optional<DecodedCrash> decode_crash(const Input& input,
                                                       const report::Thread* stack);

}  // namespace vigil::analysis
