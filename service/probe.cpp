// SPDX-License-Identifier: Apache-2.0
#include "probe.h"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/time.h"
#include "base/utf.h"
#include "base/version.h"

namespace asio = boost::asio;
using asio::ip::tcp;

namespace vigil::service {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
/// No status line is longer.
constexpr std::size_t kMaxStatusBytes = 4096;
constexpr int kFirstGoodStatus = 200, kFirstBadStatus = 400;

struct Place {
  std::string host, port, path;
  std::string authority;  ///< Host and port as they were written.
};

/// `host:port`, where an IPv6 address stands in brackets.
Place place_of(std::string_view authority, std::string_view default_port) {
  Place place{std::string(authority), std::string(default_port), {}, std::string(authority)};
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (has_port) {
    place.host = authority.substr(0, colon);
    place.port = authority.substr(colon + 1);
  }
  if (place.host.starts_with('[') && place.host.ends_with(']'))
    place.host = place.host.substr(1, place.host.size() - 2);
  return place;
}

Place place_of_url(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  url.remove_prefix(kScheme.size());
  const auto slash = url.find_first_of("/?#");
  auto place = place_of(url.substr(0, slash), "80");
  place.path = slash == std::string_view::npos ? "/" : std::string(url.substr(slash));
  place.path = place.path.substr(0, place.path.find('#'));
  if (!place.path.starts_with('/')) place.path.insert(0, "/");
  return place;
}

std::optional<std::uint16_t> number_of(std::string_view port) {
  std::uint16_t number = 0;
  const auto* end = port.data() + port.size();
  const auto parsed = std::from_chars(port.data(), end, number);
  return parsed.ec == std::errc{} && parsed.ptr == end ? std::optional(number) : std::nullopt;
}

/// A connection with an end: when the time is over, whatever it waits for fails.
class Connection {
 public:
  Connection(const asio::any_io_executor& executor, const rules::Probe& probe)
      : timeout_(probe.timeout),
        open_(std::make_shared<Open>(executor)),
        deadline_(executor, probe.timeout) {
    // It may be called when this object is gone.
    deadline_.async_wait([open = open_](const boost::system::error_code& error) {
      if (error) return;
      open->is_late = true;
      open->resolver.cancel();
      boost::system::error_code ignored;  // closing a valid socket does not fail
      open->socket.close(ignored);
    });
  }

  [[nodiscard]] asio::awaitable<ProbeAnswer> connect(const Place& place) {
    boost::system::error_code no_address;
    const auto address = asio::ip::make_address(place.host, no_address);
    const auto port = number_of(place.port);
    if (!port) co_return no_answer(fmt::format("{} is no port", place.port));
    // Names are looked up one after the other, and a server of names that hangs holds up all of
    // them: what is an address waits for nobody.
    if (!no_address)
      co_return co_await connect(std::vector<tcp::endpoint>(1, tcp::endpoint(address, *port)));
    const auto [unknown, found] =
        co_await open_->resolver.async_resolve(place.host, place.port, kAwait);
    if (unknown) co_return no_answer(failure(fmt::format("{} is not known", place.host)));
    co_return co_await connect(std::vector<tcp::endpoint>(found.begin(), found.end()));
  }

  [[nodiscard]] asio::awaitable<ProbeAnswer> get(const Place& place) {
    const auto request = fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: Vigil/{}\r\nConnection: close\r\n\r\n",
        place.path, place.authority, kVersion);
    const auto [broken, written] =
        co_await asio::async_write(open_->socket, asio::buffer(request), kAwait);
    if (broken) co_return bad_answer(failure(broken.message()));
    std::string line;
    const auto [cut, length] = co_await asio::async_read_until(
        open_->socket, asio::dynamic_buffer(line, kMaxStatusBytes), '\n', kAwait);
    if (cut) {
      const auto* const why = line.empty() ? "it closed the connection" : "it speaks no HTTP";
      co_return bad_answer(failure(why));
    }
    co_return verdict_on(std::string_view(line).substr(0, length));
  }

 private:
  [[nodiscard]] asio::awaitable<ProbeAnswer> connect(std::vector<tcp::endpoint> places) {
    const auto [refused, end] = co_await asio::async_connect(open_->socket, places, kAwait);
    co_return refused ? bad_answer(failure(refused.message())) : good_answer();
  }

  [[nodiscard]] std::string failure(std::string why) const {
    return open_->is_late ? fmt::format("no answer within {}", format_duration(timeout_))
                          : std::move(why);
  }

  /// `HTTP/1.1 503 Service Unavailable`
  [[nodiscard]] static ProbeAnswer verdict_on(std::string_view line) {
    const auto space = line.find(' ');
    int status = 0;
    const auto no_http = [] { return bad_answer("it speaks no HTTP"); };
    if (!line.starts_with("HTTP/") || space == std::string_view::npos) return no_http();
    const auto digits = line.substr(space + 1);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), status);
    if (parsed.ec != std::errc{}) return no_http();
    if (status >= kFirstGoodStatus && status < kFirstBadStatus) return good_answer();
    return bad_answer(fmt::format("HTTP status {}", status));
  }

  struct Open {
    explicit Open(const asio::any_io_executor& executor) : resolver(executor), socket(executor) {}
    tcp::resolver resolver;
    tcp::socket socket;
    bool is_late = false;
  };

  Microseconds timeout_;
  std::shared_ptr<Open> open_;
  asio::steady_timer deadline_;
};

}  // namespace

asio::awaitable<ProbeAnswer> ask_http(rules::Probe probe) {
  const auto place = place_of_url(probe.target);
  Connection connection(co_await asio::this_coro::executor, probe);
  auto answer = co_await connection.connect(place);
  if (answer == good_answer()) answer = co_await connection.get(place);
  co_return answer;
}

asio::awaitable<ProbeAnswer> ask_tcp(rules::Probe probe) {
  Connection connection(co_await asio::this_coro::executor, probe);
  co_return co_await connection.connect(place_of(probe.target, {}));
}

ProbeAnswer look_at_heartbeat(const rules::Probe& probe) {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(path_from_utf8(probe.target), error);
  if (error == std::errc::no_such_file_or_directory) return bad_answer("there is no such file");
  if (error) return no_answer(fmt::format("it cannot be looked at: {}", error.message()));
  const auto age = std::chrono::duration_cast<Microseconds>(
      std::filesystem::file_time_type::clock::now() - written);
  if (age <= probe.timeout) return good_answer();
  return bad_answer(fmt::format("it was written {} ago", format_duration(age)));
}

}  // namespace vigil::service
