// SPDX-License-Identifier: Apache-2.0
#include "base/exit_code.h"

namespace vigil {

ExitCode exit_code_for(Errc code) noexcept {
  switch (code) {
    case Errc::NotFound: return ExitCode::NotFound;
    case Errc::AccessDenied: return ExitCode::Denied;
    case Errc::LimitExceeded: return ExitCode::RefusedByLimit;
    case Errc::Truncated:
    case Errc::Malformed:
    case Errc::Unsupported:
    case Errc::Busy:
    case Errc::Cancelled:
    case Errc::DiskFull:
    case Errc::Io:
    case Errc::Internal: return ExitCode::Failed;
  }
  return ExitCode::Failed;
}

}  // namespace vigil
