// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "base/byte_view.h"
#include "base/result.h"

namespace vigil::platform {

/// A file that is open for reading: a HANDLE of Windows or a descriptor of POSIX, owned.
class ReadHandle {
 public:
  /// Errors as MappedFile::open().
  [[nodiscard]] static Result<ReadHandle> open(const std::filesystem::path& path);
  /// Takes over an open one; \p name is for messages.
  [[nodiscard]] static Result<ReadHandle> adopt(std::intptr_t native, std::string name);

  ReadHandle(ReadHandle&& other) noexcept
      : native_(std::exchange(other.native_, kNone)),
        name_(std::move(other.name_)),
        size_(other.size_),
        modified_ns_(other.modified_ns_) {}
  ReadHandle& operator=(ReadHandle&& other) = delete;
  ~ReadHandle();

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::int64_t modified_ns() const noexcept { return modified_ns_; }
  /// How many bytes were copied: fewer at the end, none where the file cannot be read.
  [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<char> to) const noexcept;
  /// The whole file in memory; stays there when the handle is closed, until unmap().
  [[nodiscard]] Result<ByteView> map() const;

 private:
  static constexpr std::intptr_t kNone = -1;  // on both systems
  ReadHandle(std::intptr_t native, std::string name) : native_(native), name_(std::move(name)) {}
  /// Asks for the size and the time.
  [[nodiscard]] Status look();

  std::intptr_t native_;
  std::string name_;
  std::uint64_t size_ = 0;
  std::int64_t modified_ns_ = 0;
};

/// Of what map() gave.
void unmap(ByteView bytes) noexcept;

}  // namespace vigil::platform
