// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "capture/dump_content.h"
#include "capture/dump_file.h"
#include "capture/target_memory.h"

namespace vigil::capture {

/// Memory that was read while the process stood still, for as long as it may: in a file beside the
/// dump, which goes when this goes.
class SpooledMemory final : public TargetMemory {
 public:
  /// Beside \p dump.
  [[nodiscard]] static Result<std::unique_ptr<SpooledMemory>> create(
      const std::filesystem::path& dump);

  struct Budget {
    std::function<Microseconds()> elapsed;  ///< Since the process stopped.
    Microseconds limit{};
    std::uint64_t min_free_bytes = 0;  ///< Errc::DiskFull before less than this would be left.
    std::stop_token cancel{};
  };
  /// Reads \p pieces, none of which overlaps another, one after the other, until there is no time
  /// left; the first in any case, since without a stack a dump is worth nothing. Bytes that cannot
  /// be read become zero.
  [[nodiscard]] Status fill(TargetMemory& source,
                            std::span<const MemoryRange> pieces,
                            const Budget& budget);

  /// What was read: by address, none touching another.
  [[nodiscard]] std::vector<MemoryRange> ranges() const;
  [[nodiscard]] bool is_complete() const noexcept { return complete_; }
  [[nodiscard]] std::uint64_t unreadable_bytes() const noexcept { return unreadable_bytes_; }
  [[nodiscard]] bool read(std::uint64_t address, std::span<std::byte> out) override;

 private:
  SpooledMemory(std::filesystem::path folder, PartialFile file)
      : folder_(std::move(folder)), file_(std::move(file)) {}

  struct Piece {
    std::uint64_t size = 0;
    std::uint64_t offset = 0;  ///< In the file.
  };
  std::filesystem::path folder_;
  PartialFile file_;
  std::map<std::uint64_t, Piece> pieces_;  // by address
  std::uint64_t bytes_ = 0;
  std::uint64_t unreadable_bytes_ = 0;
  bool complete_ = false;
};

}  // namespace vigil::capture
