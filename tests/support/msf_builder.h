// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/byte_builder.h"

namespace vigil::test {

/// Cuts streams into blocks. Block 0 is the header, 1 and 2 the maps of free blocks.
class MsfBuilder {
 public:
  enum class Layout : std::uint8_t { Contiguous, Backwards };

  static constexpr std::string_view kMagic{"Microsoft C/C++ MSF 7.00\r\n\x1a\x44\x53\0\0\0", 32};
  static constexpr std::size_t kBlockSizeField = 32, kDirectorySizeField = 44, kBlockMapField = 52;
  static constexpr std::uint32_t kNil = 0xffff'ffff;

  explicit MsfBuilder(std::uint32_t block_size = 512, Layout layout = Layout::Contiguous)
      : block_size_(block_size), layout_(layout) {}

  std::uint32_t stream(std::string bytes) {
    streams_.push_back({std::move(bytes), false});
    return static_cast<std::uint32_t>(streams_.size() - 1);
  }
  /// A stream that was deleted.
  std::uint32_t nil_stream() {
    streams_.push_back({{}, true});
    return static_cast<std::uint32_t>(streams_.size() - 1);
  }

  [[nodiscard]] std::string finish() {
    std::size_t count = 3;
    for (const auto& stream : streams_) count += blocks_of(stream.bytes.size());
    std::size_t directory_bytes = 4 + 4 * streams_.size() + 4 * (count - 3);
    const std::size_t directory_blocks = blocks_of(directory_bytes);
    const std::size_t lists = blocks_of(4 * directory_blocks);
    total_ = count + directory_blocks + lists;
    file_ = ByteBuilder(std::string(total_ * block_size_, '\0'));
    next_ = layout_ == Layout::Contiguous ? 3 : total_ - 1;

    ByteBuilder sizes, blocks;
    sizes.u32(streams_.size());
    for (const auto& stream : streams_) {
      sizes.u32(stream.nil ? kNil : stream.bytes.size());
      for (const auto block : place(stream.bytes)) blocks.u32(block);
    }
    ByteBuilder map;
    for (const auto block : place(sizes.raw(blocks.bytes()).bytes())) map.u32(block);
    ByteBuilder header;
    header.raw(kMagic).u32(block_size_).u32(1).u32(total_).u32(directory_bytes).u32(0);
    for (const auto block : place(map.bytes())) header.u32(block);
    file_.patch_raw(0, header.bytes());
    return file_.bytes();
  }

 private:
  struct Content {
    std::string bytes;
    bool nil = false;
  };
  [[nodiscard]] std::size_t blocks_of(std::size_t size) const {
    return (size + block_size_ - 1) / block_size_;
  }
  std::vector<std::size_t> place(std::string_view bytes) {
    std::vector<std::size_t> used;
    for (std::size_t at = 0; at < bytes.size(); at += block_size_) {
      file_.patch_raw(next_ * block_size_, bytes.substr(at, block_size_));
      used.push_back(next_);
      next_ = layout_ == Layout::Contiguous ? next_ + 1 : next_ - 1;
    }
    return used;
  }

  std::uint32_t block_size_;
  Layout layout_;
  std::vector<Content> streams_;
  ByteBuilder file_;
  std::size_t total_ = 0;
  std::size_t next_ = 0;
};

}  // namespace vigil::test
