// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace vigil::service {

/// Runs \p task on \p io. An exception that leaves it (memory ran out, or a mistake of ours) leaves
/// io_context::run() too: a service that has lost a part of itself must end, so that it is started
/// again.
inline void spawn(boost::asio::io_context& io, boost::asio::awaitable<void> task) {
  boost::asio::co_spawn(io, std::move(task), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

}  // namespace vigil::service
