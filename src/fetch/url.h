// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vigil::fetch {

/// An `http` or `https` URL in its parts.
struct Url {
  bool secure = true;
  std::string host;        ///< Without the brackets of an IPv6 address.
  std::uint16_t port = 0;  ///< That of the scheme where none is said.
  std::string path;        ///< With the query, from the first slash.

  [[nodiscard]] std::string text() const;
};

/// Errc::Malformed for other schemes, names and passwords before the host, and characters that
/// belong in no URL.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

/// Where \p location leads that \p base redirects to.
[[nodiscard]] Result<Url> resolve_redirect(const Url& base, std::string_view location);

/// This machine by its name or address.
[[nodiscard]] bool is_loopback(const Url& url);

/// One part of a path, with everything but letters, digits and `-._~` escaped.
[[nodiscard]] std::string escape(std::string_view part);

/// \p server with \p path, which has no slash before it, behind it.
[[nodiscard]] std::string below(std::string_view server, std::string_view path);

}  // namespace vigil::fetch
