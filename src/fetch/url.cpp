// SPDX-License-Identifier: Apache-2.0
#include "fetch/url.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::fetch {
namespace {

constexpr std::uint16_t kHttpPort = 80, kHttpsPort = 443;
constexpr std::size_t kMaxUrl = 4096;

Error malformed(std::string_view text, std::string_view why) {
  constexpr std::size_t kShown = 200;
  return {Errc::Malformed, fmt::format("'{}' {}", printable_utf8(text.substr(0, kShown)), why)};
}

bool is_url_character(char c) {
  constexpr std::string_view kNever = "\"<>\\^`{|}";
  return c > ' ' && c < '\x7f' && kNever.find(c) == std::string_view::npos;
}

bool is_host_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
}

std::uint16_t scheme_port(bool secure) {
  return secure ? kHttpsPort : kHttpPort;
}

/// Takes `host`, `host:port` or `[address]:port` apart.
Status read_authority(std::string_view authority, Url& url) {
  const bool bracketed = authority.starts_with('[');
  const auto end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && end == std::string_view::npos) return malformed(authority, "is no host");
  url.host = ascii_lower(bracketed ? authority.substr(1, end - 1) : authority.substr(0, end));
  const bool good = std::ranges::all_of(
      url.host, [&](char c) { return is_host_character(c) || (bracketed && c == ':'); });
  if (url.host.empty() || !good) return malformed(authority, "is no host");
  auto rest = end == std::string_view::npos ? std::string_view()
                                            : authority.substr(bracketed ? end + 1 : end);
  if (rest.empty()) return {};
  const auto digits = rest.substr(1);
  const auto [last, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
  if (rest.front() != ':' || error != std::errc() || last != digits.data() + digits.size())
    return malformed(authority, "has no port that could be one");
  return {};
}

}  // namespace

std::string Url::text() const {
  const bool bracketed = host.find(':') != std::string::npos;
  auto result = fmt::format("{}://{}{}{}", secure ? "https" : "http", bracketed ? "[" : "", host,
                            bracketed ? "]" : "");
  if (port != scheme_port(secure)) result += fmt::format(":{}", port);
  return result + path;
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrl) return malformed(text, "is too long for a URL");
  if (!std::ranges::all_of(text, is_url_character))
    return malformed(text, "has characters that belong in no URL");
  constexpr std::string_view kSeparator = "://";
  const auto scheme_end = text.find(kSeparator);
  const auto scheme = ascii_lower(text.substr(0, scheme_end));
  if (scheme_end == std::string_view::npos || (scheme != "https" && scheme != "http"))
    return malformed(text, "is no https:// URL");
  Url url;
  url.secure = scheme == "https";
  url.port = scheme_port(url.secure);
  const auto rest = text.substr(scheme_end + kSeparator.size());
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos)
    return malformed(text, "has a user's name in it, which would end up in logs and histories");
  VIGIL_TRY(read_authority(authority, url));
  const auto path = rest.substr(authority.size());
  url.path = path.substr(0, path.find('#'));
  if (!url.path.starts_with('/')) url.path.insert(0, 1, '/');
  return url;
}

Result<Url> resolve_redirect(const Url& base, std::string_view location) {
  const auto query = location.find_first_of("?#");
  if (location.substr(0, query).find("://") != std::string_view::npos) return parse_url(location);
  if (location.starts_with("//"))
    return parse_url(fmt::format("{}:{}", base.secure ? "https" : "http", location));
  auto root = base;
  root.path.clear();
  if (location.starts_with('/')) return parse_url(root.text() + std::string(location));
  const auto path = std::string_view(base.path).substr(0, base.path.find('?'));
  return parse_url(
      fmt::format("{}{}{}", root.text(), path.substr(0, path.rfind('/') + 1), location));
}

bool is_loopback(const Url& url) {
  if (url.host == "localhost" || url.host == "::1") return true;
  // 127.0.0.1 and its like, and no name that only begins so.
  constexpr std::string_view kBegin = "127.";
  return url.host.starts_with(kBegin) &&
         std::ranges::all_of(url.host, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

std::string escape(std::string_view part) {
  constexpr std::string_view kKept = "-._~";
  std::string result;
  for (const char c : part) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       kKept.find(c) != std::string_view::npos;
    if (plain)
      result += c;
    else
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

std::string below(std::string_view server, std::string_view path) {
  while (server.ends_with('/')) server.remove_suffix(1);
  return fmt::format("{}/{}", server, path);
}

}  // namespace vigil::fetch
