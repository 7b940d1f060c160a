// SPDX-License-Identifier: Apache-2.0
#include "process_tracing.h"

#include <utility>

#include <boost/asio/post.hpp>

namespace vigil::service {

void ProcessTracing::start() {
  const auto functions = watch::trace_functions();
  if (functions.ok()) {
    auto trace = watch::ProcessTrace::start(
        *functions, [this](watch::ProcessEvent event) { take(std::move(event)); });
    if (trace.ok()) {
      trace_ = std::move(trace).take();
      return;
    }
    parts_.log.info("{}", trace.error().message());
  }
  parts_.log.info("without event tracing a process that lives for less than {} is not seen",
                  format_duration(parts_.poll_interval));
}

void ProcessTracing::take(watch::ProcessEvent event) {
  if (waiting_.fetch_add(1) >= kMaxWaiting) {
    waiting_.fetch_sub(1);
    return;
  }
  boost::asio::post(parts_.io, [this, event = std::move(event)] {
    waiting_.fetch_sub(1);
    parts_.on_event(event);
  });
}

}  // namespace vigil::service
