// SPDX-License-Identifier: Apache-2.0
#include "probes.h"

#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "coroutines.h"
#include "uptime.h"

namespace asio = boost::asio;

namespace vigil::service {

std::size_t Probes::want(const std::vector<rules::Probe>& probes) {
  for (auto& [probe, asked] : asked_) {
    asked.wanted = std::ranges::binary_search(probes, probe);
    if (!asked.wanted && asked.pause != nullptr) asked.pause->cancel();
  }
  const auto is_chain = [](const rules::Probe& probe) {
    return probe.type == rules::Probe::Type::WaitChain;
  };
  auto chains = static_cast<std::size_t>(
      std::ranges::count_if(asked_, [&](const auto& pair) { return is_chain(pair.first); }));
  std::size_t not_asked = 0;
  for (const auto& probe : probes) {
    if (asked_.contains(probe)) continue;
    if (asked_.size() >= kMaxProbes || (is_chain(probe) && ++chains > kMaxWaitChains)) {
      ++not_asked;
      continue;
    }
    asked_.try_emplace(probe);
    spawn(io_, ask_again(probe));
  }
  return not_asked;
}

void Probes::stop() {
  want({});
}

asio::awaitable<void> Probes::ask_again(rules::Probe probe) {
  asio::steady_timer pause(io_);
  while (asked_[probe].wanted) {
    pause.expires_after(probe.every);
    asked_[probe].pause = &pause;
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    asked_[probe].pause = nullptr;
    if (!asked_[probe].wanted) break;
    const auto asked = uptime();
    const auto answer = co_await ask_(probe);
    if (asked_[probe].wanted) on_answer_(probe, answer, asked);
  }
  asked_.erase(probe);
}

}  // namespace vigil::service
