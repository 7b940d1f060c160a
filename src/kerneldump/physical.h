// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/byte_source.h"
#include "base/diagnostics.h"
#include "kerneldump/header.h"

namespace vigil::kerneldump {

/// Which pages of the machine's memory a dump holds, and where.
class PhysicalPages {
 public:
  virtual ~PhysicalPages() = default;
  PhysicalPages(const PhysicalPages&) = delete;
  PhysicalPages& operator=(const PhysicalPages&) = delete;

  /// Where in the file the page with this frame number lies; none: not in the dump.
  [[nodiscard]] virtual std::optional<std::uint64_t> offset_of(std::uint64_t pfn) = 0;
  /// How many pages the dump says it holds.
  [[nodiscard]] virtual std::uint64_t count() const noexcept = 0;
  /// Where the last of them ends in the file.
  [[nodiscard]] virtual std::uint64_t end() const noexcept = 0;

 protected:
  PhysicalPages() = default;
};

/// Pages of runs that follow each other in the file: a full dump (the header's runs from behind the
/// header), or the ranges of a debugger's dump.
class RunPages final : public PhysicalPages {
 public:
  /// \p runs in file order; \p first_page is the file offset of the first.
  RunPages(const std::vector<PageRun>& runs, std::uint64_t first_page);
  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t pfn) override;
  [[nodiscard]] std::uint64_t count() const noexcept override { return pages_; }
  [[nodiscard]] std::uint64_t end() const noexcept override;

 private:
  struct Run {
    std::uint64_t first, count, before;  // before: pages of earlier runs in the file
  };
  std::vector<Run> runs_;  // by first; of two that begin together the later in the file stands
  std::uint64_t first_page_, pages_ = 0;
};

/// Pages by a bitmap: the page of the k-th set bit is the k-th in the file. Ranks are counted when
/// asked for, up to the page that is asked for, in steps of kBitsPerRank.
class BitmapPages final : public PhysicalPages {
 public:
  static constexpr std::uint64_t kBitsPerRank = 65'536;

  /// \p bits bits at \p bitmap in the file, all of which are there.
  BitmapPages(ByteSource& file,
              std::uint64_t bitmap,
              std::uint64_t bits,
              std::uint64_t first_page,
              std::uint64_t present);
  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t pfn) override;
  [[nodiscard]] std::uint64_t count() const noexcept override { return present_; }
  [[nodiscard]] std::uint64_t end() const noexcept override {
    return first_page_ + present_ * kPageBytes;
  }

 private:
  [[nodiscard]] std::uint64_t rank_before(std::uint64_t block);
  [[nodiscard]] ByteView block_bytes(std::uint64_t block);

  ByteSource& file_;
  std::uint64_t bitmap_, bits_, first_page_, present_;
  std::vector<std::uint64_t> ranks_;  // set bits before each block, as far as was asked for
};

/// The pages of a dump that holds physical memory. Errc::Malformed, Truncated, LimitExceeded: what
/// says where they are cannot be read. Errc::NotFound: such a dump has none. What is odd and can be
/// lived with is noted.
[[nodiscard]] Result<std::unique_ptr<PhysicalPages>> open_pages(ByteSource& file,
                                                                const Header& header,
                                                                Diagnostics& diagnostics);

}  // namespace vigil::kerneldump
