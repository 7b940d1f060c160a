// SPDX-License-Identifier: Apache-2.0
#include "capture_slots.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace asio = boost::asio;

namespace vigil::service {

asio::awaitable<bool> CaptureSlots::take(Microseconds patience) {
  asio::steady_timer deadline(io_, patience);
  while (taken_ >= most_) {
    if (stopping_ || deadline.expiry() <= std::chrono::steady_clock::now()) co_return false;
    waiting_.insert(&deadline);
    // Ends early when a slot becomes free.
    co_await deadline.async_wait(asio::as_tuple(asio::use_awaitable));
    waiting_.erase(&deadline);
  }
  if (stopping_) co_return false;
  ++taken_;
  co_return true;
}

void CaptureSlots::give_back() {
  --taken_;
  wake();
}

void CaptureSlots::stop() {
  stopping_ = true;
  wake();
}

void CaptureSlots::wake() {
  for (auto* timer : waiting_) timer->cancel();
}

}  // namespace vigil::service
