// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "analysis/analysis.h"
#include "snapshot/snapshot.h"

namespace vigil::analysis {

/// What is known of a bugcheck code, without its values.
struct BugcheckInfo {
  std::string_view name;     ///< `DRIVER_IRQL_NOT_LESS_OR_EQUAL`; empty: none is known.
  std::string_view meaning;  ///< What happened, in half a sentence; empty: the code is not known.
};
[[nodiscard]] BugcheckInfo bugcheck_info(const snapshot::Bugcheck& bugcheck) noexcept;

/// As WinDbg names it: a small dump's `SYSTEM_THREAD_EXCEPTION_NOT_HANDLED_M`, too; `no bugcheck`
/// of code 0, and `an unknown bugcheck`.
[[nodiscard]] std::string bugcheck_name(const snapshot::Bugcheck& bugcheck);

/// The name that groups, the same for small and other dumps of one bugcheck; else `bugcheck
/// 0x12345`.
[[nodiscard]] std::string bugcheck_group(const snapshot::Bugcheck& bugcheck);

/// What parameter \p index (0 to 3) of \p bugcheck means, with its value in words where it has
/// some: `kind of access: write`; else `reserved`, `not used`, `not documented`, or `depends on
/// parameter 1` where the value of that one is not known. Empty: the code is not known.
[[nodiscard]] std::string parameter_in_words(const snapshot::Bugcheck& bugcheck, std::size_t index);

/// `read`, `write` or `execute`, as the bits of the parameter of this bugcheck code say it; empty:
/// they are none that are known. Code 0: the value is an access violation's.
[[nodiscard]] std::string_view access_in_words(std::uint32_t code, std::uint64_t value) noexcept;

/// Whether nothing failed: a person, a debugger or the system itself asked for the dump.
[[nodiscard]] bool is_made_on_purpose(const snapshot::KernelState& kernel) noexcept;

}  // namespace vigil::analysis
