// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/windows/object_handle.hpp>
#include <boost/asio/windows/stream_handle.hpp>

#include "base/result.h"
#include "base/time.h"
#include "capture/capture.h"

namespace vigil::service {

/// One run of vigil-dumper for one dump. It is never killed: the process that it has stopped would
/// stand still for ever. It is told to give up, by the end of its input.
class DumperRun : public std::enable_shared_from_this<DumperRun> {
 public:
  [[nodiscard]] static Result<std::shared_ptr<DumperRun>> start(
      boost::asio::io_context& io,
      const std::filesystem::path& dumper,
      const capture::DumperOptions& options);

  /// Once. Until it has ended; after \p patience it is told to give up. What it said of the dump,
  /// or why there is none.
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> finish(Microseconds patience);
  void give_up();

 private:
  explicit DumperRun(boost::asio::io_context& io)
      : io_(io), process_(io), input_(io), complaint_(io), patience_(io) {}
  [[nodiscard]] static boost::asio::awaitable<void> await_patience(std::shared_ptr<DumperRun> run);
  [[nodiscard]] boost::asio::awaitable<std::string> read_complaint();

  boost::asio::io_context& io_;
  boost::asio::windows::object_handle process_;
  boost::asio::windows::stream_handle input_;      // its; closed: give up
  boost::asio::windows::stream_handle complaint_;  // its standard error
  boost::asio::steady_timer patience_;
  bool gave_up_ = false;
};

}  // namespace vigil::service
