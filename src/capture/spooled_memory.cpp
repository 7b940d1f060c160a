// SPDX-License-Identifier: Apache-2.0
#include "capture/spooled_memory.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf.h"
#include "capture/capture.h"
#include "capture/ranges.h"
#include "platform/platform.h"

namespace vigil::capture {
namespace {

/// Free space is asked for again after each so many bytes: often enough for the floor to hold.
constexpr std::uint64_t kSpaceCheckBytes = 64 << 20;

Status check_space(const std::filesystem::path& folder, std::uint64_t min_free_bytes) {
  if (min_free_bytes == 0) return {};
  VIGIL_TRY_ASSIGN(const auto free, platform::free_disk_bytes(folder));
  if (free >= min_free_bytes) return {};
  return Error{Errc::DiskFull, fmt::format("{}: {} bytes are free, and {} are to stay free",
                                           utf8_from_path(folder), free, min_free_bytes)};
}

}  // namespace

Result<std::unique_ptr<SpooledMemory>> SpooledMemory::create(const std::filesystem::path& dump) {
  auto path = dump;
  path += path_from_utf8(".memory" + std::string(kPartialSuffix));
  VIGIL_TRY_ASSIGN(auto file, PartialFile::create(path));
  auto folder = dump.has_parent_path() ? dump.parent_path() : std::filesystem::path(".");
  return std::unique_ptr<SpooledMemory>(new SpooledMemory(std::move(folder), std::move(file)));
}

Status SpooledMemory::fill(TargetMemory& source,
                           std::span<const MemoryRange> pieces,
                           const Budget& budget) {
  std::vector<std::byte> bytes;
  std::uint64_t next_space_check = 0;
  for (const auto& piece : pieces) {
    if (budget.cancel.stop_requested()) return Error{Errc::Cancelled, "dump: cancelled"};
    if (!pieces_.empty() && budget.elapsed() >= budget.limit) return {};
    if (bytes_ >= next_space_check) {
      VIGIL_TRY(check_space(folder_, budget.min_free_bytes));
      next_space_check = bytes_ + kSpaceCheckBytes;
    }
    bytes.resize(static_cast<std::size_t>(piece.size));
    unreadable_bytes_ += read_or_zero(source, piece.base, bytes);
    VIGIL_TRY(file_.write(bytes));
    pieces_[piece.base] = {piece.size, bytes_};
    bytes_ += piece.size;
  }
  complete_ = true;
  return {};
}

std::vector<MemoryRange> SpooledMemory::ranges() const {
  std::vector<MemoryRange> result;
  result.reserve(pieces_.size());
  for (const auto& [base, piece] : pieces_) result.push_back({base, piece.size});
  return merged(std::move(result));
}

bool SpooledMemory::read(std::uint64_t address, std::span<std::byte> out) {
  while (!out.empty()) {
    const auto above = pieces_.upper_bound(address);
    if (above == pieces_.begin()) return false;
    const auto& [base, piece] = *std::prev(above);
    const auto inside = address - base;
    if (inside >= piece.size) return false;
    const auto part = out.first(
        static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), piece.size - inside)));
    if (!file_.read_at(piece.offset + inside, part).ok()) return false;
    address += part.size();
    out = out.subspan(part.size());
  }
  return true;
}

}  // namespace vigil::capture
