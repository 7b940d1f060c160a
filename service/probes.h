// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "probe.h"
#include "rules/rules.h"

namespace vigil::service {

/// Asks the probes of rules, each as often as it says. It does not own what it is given.
class Probes {
 public:
  /// At the same time; further ones are not asked.
  static constexpr std::size_t kMaxProbes = 256;
  /// Of wait chains, which are asked for of each process, and by a child each.
  static constexpr std::size_t kMaxWaitChains = 32;

  using Ask = std::function<boost::asio::awaitable<ProbeAnswer>(rules::Probe)>;
  /// \p asked: when, as uptime.
  using OnAnswer =
      std::function<void(const rules::Probe& probe, const ProbeAnswer& answer, Microseconds asked)>;
  Probes(boost::asio::io_context& io, Ask ask, OnAnswer on_answer)
      : io_(io), ask_(std::move(ask)), on_answer_(std::move(on_answer)) {}

  /// From now on these, in order, are asked, and no others. The answer: how many of them are not,
  /// because they are too many.
  std::size_t want(const std::vector<rules::Probe>& probes);
  void stop();
  [[nodiscard]] std::size_t size() const noexcept { return asked_.size(); }

 private:
  [[nodiscard]] boost::asio::awaitable<void> ask_again(rules::Probe probe);

  boost::asio::io_context& io_;
  Ask ask_;
  OnAnswer on_answer_;
  struct Asked {
    bool wanted = true;
    boost::asio::steady_timer* pause = nullptr;  // of the coroutine, while it waits
  };
  std::map<rules::Probe, Asked> asked_;
};

}  // namespace vigil::service
