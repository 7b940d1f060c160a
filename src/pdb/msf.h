// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/byte_view.h"
#include "base/result.h"

/// The container of a PDB: numbered streams, each cut into blocks that may lie anywhere in the
/// file.
namespace vigil::pdb {

class Msf;

/// Where bytes are put together that do not lie together in the file.
using Scratch = std::vector<std::byte>;

/// A stream, or a part of one. It keeps a pointer to the Msf. Nothing of it is in memory: the
/// directory is looked at for each read, and for the blocks of that read only.
class Stream {
 public:
  Stream() = default;  ///< An empty one.

  [[nodiscard]] std::uint64_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] bool contains(std::uint64_t offset, std::uint64_t size) const noexcept {
    return offset <= this->size() && size <= this->size() - offset;
  }

  /// The bytes in the file where they lie together, and else a copy in \p scratch. The size was
  /// checked against the stream, which is no larger than the file; what may be large needs a limit
  /// of the caller's.
  [[nodiscard]] Result<ByteView> read(std::uint64_t offset,
                                      std::uint64_t size,
                                      Scratch& scratch) const;

  template <Raw T>
  [[nodiscard]] Result<T> read(std::uint64_t offset) const {
    std::array<std::byte, sizeof(T)> copy{};
    VIGIL_TRY_ASSIGN(const ByteView bytes, read_small(offset, copy));
    return bytes.read<T>(0);
  }

  /// The bytes from \p offset on that lie together in the file and are there: at least one, at most
  /// \p limit.
  [[nodiscard]] Result<ByteView> run(std::uint64_t offset, std::uint64_t limit) const;

  /// The characters from \p offset to a NUL. Errc::LimitExceeded, Errc::Truncated without one.
  [[nodiscard]] Result<std::string> c_string(std::uint64_t offset, std::uint64_t limit) const;

  /// The \p size bytes from \p offset on, as far as there are so many.
  [[nodiscard]] Stream part(std::uint64_t offset, std::uint64_t size) const noexcept;

 private:
  friend class Msf;
  [[nodiscard]] Result<ByteView> read_small(std::uint64_t offset, std::span<std::byte> copy) const;
  [[nodiscard]] Status copy_to(std::uint64_t offset, std::span<std::byte> target) const;
  [[nodiscard]] Error truncated(std::uint64_t offset, std::uint64_t size) const;

  const Msf* msf_ = nullptr;
  std::uint64_t first_block_ =
      0;  // where the numbers of its blocks begin, counted over all streams
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

/// Reads a stream from front to back in as few looks at the directory as its layout allows.
class StreamReader {
 public:
  explicit StreamReader(Stream stream) : stream_(stream) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return stream_.size(); }
  /// Lives until the next call.
  [[nodiscard]] Result<ByteView> at(std::uint64_t offset, std::uint64_t size);

 private:
  Stream stream_;
  std::uint64_t look_ahead_ = 0;  // bytes
  std::uint64_t window_begin_ = 0;
  ByteView window_;
  Scratch scratch_;
};

class Msf {
 public:
  /// Reads the header and how large the streams are. Errc::Unsupported for the other formats that
  /// are called PDB.
  [[nodiscard]] static Result<Msf> open(ByteSource& file);

  [[nodiscard]] std::size_t stream_count() const noexcept { return streams_.size(); }
  /// Stream \p index of this object, which must stay where it is; an empty one where there is none,
  /// and where it claims to be larger than the file.
  [[nodiscard]] Stream stream(std::uint32_t index) const noexcept;

 private:
  friend class Stream;
  struct StreamEntry {
    std::uint32_t size = 0;
    std::uint64_t first_block = 0;
  };
  explicit Msf(ByteSource& file) : file_(&file) {}
  [[nodiscard]] Status read_header();
  [[nodiscard]] Status read_directory_blocks();
  [[nodiscard]] Status read_stream_sizes();
  [[nodiscard]] std::uint64_t blocks_of(std::uint64_t size) const noexcept {
    return size / block_size_ + (size % block_size_ != 0 ? 1 : 0);
  }
  [[nodiscard]] Result<std::uint32_t> directory_value(std::uint64_t offset) const;
  [[nodiscard]] Result<std::uint32_t> block_number(std::uint64_t index) const {
    return directory_value(block_lists_ + index * sizeof(std::uint32_t));
  }
  /// Part of one block, or of several that follow each other.
  [[nodiscard]] Result<ByteView> in_block(std::uint32_t block,
                                          std::uint64_t offset,
                                          std::uint64_t size) const {
    return file_->view(std::uint64_t{block} * block_size_ + offset, size);
  }

  ByteSource* file_;
  std::uint64_t block_size_ = 0;
  std::uint64_t directory_size_ = 0;
  std::uint64_t block_lists_ = 0;                // their offset in the directory
  std::vector<std::uint32_t> directory_blocks_;  // 4 bytes for each block of the directory
  std::vector<StreamEntry> streams_;
};

}  // namespace vigil::pdb
