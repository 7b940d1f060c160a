// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

namespace vigil {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::NotFound: return "not_found";
    case Errc::Truncated: return "truncated";
    case Errc::Malformed: return "malformed";
    case Errc::Unsupported: return "unsupported";
    case Errc::LimitExceeded: return "limit_exceeded";
    case Errc::AccessDenied: return "access_denied";
    case Errc::Busy: return "busy";
    case Errc::Cancelled: return "cancelled";
    case Errc::DiskFull: return "disk_full";
    case Errc::Io: return "io";
    case Errc::Internal: return "internal";
  }
  return "unknown";
}

Error Error::with_context(std::string_view context) && {
  std::string message;
  message.reserve(context.size() + 2 + message_.size());
  message.append(context).append(": ").append(message_);
  return {code_, std::move(message), os_code_};
}

}  // namespace vigil
