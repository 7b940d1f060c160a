// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/byte_view.h"

namespace vigil::kerneldump {

/// Copies of memory that lies in pieces in the file, kept so that views of it stay valid. What they
/// take together is bounded.
class JoinedBytes {
 public:
  static constexpr std::uint64_t kMaxOneBytes = std::uint64_t{4} << 20;
  static constexpr std::uint64_t kMaxAllBytes = std::uint64_t{24} << 20;

  /// How many of \p size bytes one copy may have.
  [[nodiscard]] static std::uint64_t limited(std::uint64_t size) noexcept {
    return size < kMaxOneBytes ? size : kMaxOneBytes;
  }

  /// The \p size bytes at \p address. \p piece(address, size) gives what lies together at the
  /// front, or nothing; the copy ends there. Empty when all copies together have too much.
  template <class Piece>
  [[nodiscard]] ByteView join(std::uint64_t address, std::uint64_t size, const Piece& piece) {
    const auto key = std::pair(address, size);
    if (const auto found = copies_.find(key); found != copies_.end())
      return ByteView(std::span<const std::byte>(found->second));
    if (size > kMaxAllBytes - bytes_) return {};
    std::vector<std::byte> copy;
    copy.reserve(static_cast<std::size_t>(size));
    while (copy.size() < size) {
      const ByteView part = piece(address + copy.size(), size - copy.size());
      if (part.empty()) break;
      copy.insert(copy.end(), part.bytes().begin(), part.bytes().end());
    }
    copy.shrink_to_fit();
    bytes_ += copy.size();
    const auto& kept = copies_.emplace(key, std::move(copy)).first->second;
    return ByteView(std::span<const std::byte>(kept));
  }

 private:
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<std::byte>> copies_;
  std::uint64_t bytes_ = 0;
};

}  // namespace vigil::kerneldump
