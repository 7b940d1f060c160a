// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "rules/rules.h"

namespace vigil::service {

/// Why there was no good answer; nothing: there was one.
using ProbeAnswer = std::optional<std::string>;

/// Asks once: over HTTP for a status below 400, over TCP for a connection. It takes no longer than
/// the probe's timeout, and reads the status line only: who answers is believed in nothing else.
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
