// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture/win/windows.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace vigil::capture {

/// The dumper's standard input and output as lines: what the service says comes in on a thread of
/// its own.
class LineChannel {
 public:
  LineChannel(HANDLE in, HANDLE out);
  ~LineChannel();
  LineChannel(const LineChannel&) = delete;
  LineChannel& operator=(const LineChannel&) = delete;

  /// A whole line. A reader that is gone is not an error here: the end of the input tells of it.
  void write(std::string_view line);
  /// The next line without its line break; nothing at the end of the input or after \p timeout.
  [[nodiscard]] std::optional<std::string> read(std::chrono::milliseconds timeout);
  /// Forgets lines that came before anybody asked.
  void discard();
  /// The input has ended, or said kDetachLine.
  [[nodiscard]] bool ended();

 private:
  class Input;

  HANDLE out_;
  std::unique_ptr<Input> input_;
  std::thread thread_;
};

}  // namespace vigil::capture
