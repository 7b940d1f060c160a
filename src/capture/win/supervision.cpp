// SPDX-License-Identifier: Apache-2.0
#include "capture/win/supervision.h"

#include <chrono>

namespace vigil::capture {

Supervision::Supervision()
    : input_(::GetStdHandle(STD_INPUT_HANDLE), nullptr),
      watcher_([this](const std::stop_token& over) {
        constexpr std::chrono::milliseconds kInterval{20};  // of looking whether it is over
        while (!over.stop_requested() && !input_.ended()) (void)input_.read(kInterval);
        if (input_.ended()) source_.request_stop();
      }) {}

}  // namespace vigil::capture
