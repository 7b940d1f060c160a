// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <windows.h>

#include <string>
#include <vector>

namespace vigil::platform {

/// `ORDERS\anna`, or the SID where the system knows no name; of null, `nobody known`.
[[nodiscard]] std::string account_name(PSID sid);

/// What the account of \p sid (`S-1-5-…`) is called: `ORDERS\anna`, `anna` and the SID itself, of
/// which only the last is the same in every language of Windows. Only the SID where the system
/// knows no name. It may ask a domain controller; what was found is
/// remembered for a day, and that nothing was for ten minutes.
[[nodiscard]] std::vector<std::string> account_names(const std::string& sid);

}  // namespace vigil::platform
