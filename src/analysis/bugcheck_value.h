// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vigil::analysis {

/// \p value in words, where the words of its parameter begin as those of one of these:
///   IRQL             `2, dispatch`
///   kind of access   `write`; \p code says whose bits they are
///   exception code   `ACCESS_VIOLATION`
///   status           `STATUS_NO_SUCH_DEVICE`; 0 says nothing
///   tag              `'Sds '`, of the pool
///   four letters     `'_HID'`, a name of ACPI
///   text             `Taskmgr`, its letters from the highest byte down
/// Empty: it is none of these, or its value has no name.
[[nodiscard]] std::string value_by_label(std::uint32_t code,
                                         std::string_view label,
                                         std::uint64_t value);

}  // namespace vigil::analysis
