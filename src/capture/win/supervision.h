// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture/win/windows.h"

#include <stop_token>
#include <thread>

#include "capture/win/line_channel.h"

namespace vigil::capture {

/// Asks for a stop when standard input ends: whoever started this program is gone, or has waited
/// long enough.
class Supervision {
 public:
  Supervision();
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  LineChannel input_;
  std::jthread watcher_;  // last: it ends before what it uses
};

}  // namespace vigil::capture
