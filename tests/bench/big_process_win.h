// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "platform/win/handle.h"

/// The process that is dumped: this program once more, in blocks of memory whose content both sides
/// can tell from a block's number. A third is zeros, a third reads like a log, and a third is
/// noise.
namespace vigil::bench {

inline constexpr std::size_t kBlockBytes = 1 << 20;

/// What block \p number holds.
void fill_block(std::size_t number, std::span<std::byte> block);

/// What the big process does: commits \p mebibytes in all, says where, and lives until its standard
/// input is closed. Returns the program's exit code.
int be_big_process(std::uint64_t mebibytes);

/// The same from outside. It ends with this object, or with this program.
class BigProcess {
 public:
  /// Returns when the memory is filled.
  [[nodiscard]] static Result<BigProcess> start(std::uint64_t mebibytes);
  BigProcess(BigProcess&&) noexcept = default;
  BigProcess& operator=(BigProcess&&) = delete;
  ~BigProcess();

  [[nodiscard]] HANDLE handle() const noexcept { return process_.get(); }
  [[nodiscard]] ProcessId pid() const noexcept { return pid_; }
  [[nodiscard]] std::size_t threads() const noexcept { return threads_; }
  /// Addresses, by number.
  [[nodiscard]] std::span<const std::uint64_t> blocks() const noexcept { return blocks_; }

  /// A thread of it looks at the clock every millisecond. longest_pause() says how long it could
  /// not, at most, since watch_pauses().
  [[nodiscard]] Status watch_pauses() const;
  [[nodiscard]] Result<Microseconds> longest_pause() const;

 private:
  BigProcess() = default;
  platform::KernelHandle process_;
  platform::KernelHandle its_input_;
  ProcessId pid_{};
  std::size_t threads_ = 0;
  std::vector<std::uint64_t> blocks_;
  std::uint64_t pulse_ = 0;
};

}  // namespace vigil::bench
