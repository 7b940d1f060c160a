// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "rules/rules.h"

namespace vigil::service {

/// What became of one question.
struct ProbeAnswer {
  /// Unknown: it could not be asked, which says nothing of the process.
  enum class Verdict : std::uint8_t { Good, Bad, Unknown };
  Verdict verdict = Verdict::Good;
  std::string why = {};  ///< Unless it is good.
  friend bool operator==(const ProbeAnswer&, const ProbeAnswer&) = default;
};
[[nodiscard]] inline ProbeAnswer good_answer() {
  return {};
}
[[nodiscard]] inline ProbeAnswer bad_answer(std::string why) {
  return {ProbeAnswer::Verdict::Bad, std::move(why)};
}
[[nodiscard]] inline ProbeAnswer no_answer(std::string why) {
  return {ProbeAnswer::Verdict::Unknown, std::move(why)};
}

/// Asks once: over HTTP for a status of 200 to 399, over TCP for a connection. It takes no longer
/// than the probe's timeout, and reads the status line only: who answers is believed in nothing
/// else.
[[nodiscard]] boost::asio::awaitable<ProbeAnswer> ask_http(rules::Probe probe);
[[nodiscard]] boost::asio::awaitable<ProbeAnswer> ask_tcp(rules::Probe probe);
/// Asks for a pipe that can be opened. Windows only.
[[nodiscard]] boost::asio::awaitable<ProbeAnswer> ask_pipe(rules::Probe probe);
/// Asks whether threads of the process wait for each other in a circle. Windows only.
[[nodiscard]] boost::asio::awaitable<ProbeAnswer> ask_wait_chain(rules::Probe probe);
/// Looks how old the file is.
[[nodiscard]] ProbeAnswer look_at_heartbeat(const rules::Probe& probe);

/// Whichever it is. Windows only.
[[nodiscard]] boost::asio::awaitable<ProbeAnswer> ask(rules::Probe probe);

}  // namespace vigil::service
