// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"

namespace vigil::capture {

/// Where a dump's bytes go, strictly forward.
class Sink {
 public:
  virtual ~Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  [[nodiscard]] virtual Status write(std::span<const std::byte> bytes) = 0;
  /// Nothing comes any more: passes on what is held back.
  [[nodiscard]] virtual Status finish() = 0;

 protected:
  Sink() = default;
};

/// How much of the dump goes into one frame: what a reader has to unpack to look at one address.
inline constexpr std::size_t kFrameBytes = 1 << 20;

/// zstd's published seekable format: frames that stand for themselves, each of \p frame_bytes but
/// the last, and behind them a table of their sizes in a frame that other readers skip. `zstd -d`
/// unpacks it. Does not own \p next.
[[nodiscard]] Result<std::unique_ptr<Sink>> make_zstd_sink(Sink& next,
                                                           std::size_t frame_bytes = kFrameBytes);

}  // namespace vigil::capture
