// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace vigil {

/// What may be copied out of raw bytes: plain data without padding surprises of ours to keep.
/// Pointers and references are excluded; `bool` too, since a byte of 2 read into one is undefined
/// behaviour.
template <class T>
concept Raw = std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T> &&
              !std::is_pointer_v<T> && !std::same_as<T, bool>;

template <Raw T>
class RawArray;

/// The only reader of untrusted bytes: a window on memory that somebody else owns. All offsets and
/// sizes are 64 bit, no sum can wrap, and values are copied out, so alignment does not matter. All
/// formats read here are little-endian, and so are all hosts this builds for.
class ByteView {
 public:
  constexpr ByteView() = default;
  constexpr explicit ByteView(std::span<const std::byte> bytes) : bytes_(bytes) {}
  explicit ByteView(std::string_view text) : bytes_(std::as_bytes(std::span(text))) {}

  [[nodiscard]] constexpr std::uint64_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] constexpr bool empty() const noexcept { return bytes_.empty(); }
  [[nodiscard]] constexpr std::span<const std::byte> bytes() const noexcept { return bytes_; }

  [[nodiscard]] constexpr bool contains(std::uint64_t offset, std::uint64_t size) const noexcept {
    return offset <= bytes_.size() && size <= bytes_.size() - offset;
  }

  /// A copy of the T at \p offset; Errc::Truncated when it does not fit.
  template <Raw T>
  [[nodiscard]] Result<T> read(std::uint64_t offset) const {
    if (!contains(offset, sizeof(T))) return truncated(sizeof(T), offset);
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  /// \p count values of T from \p offset on, read one by one when asked for.
  template <Raw T>
  [[nodiscard]] Result<RawArray<T>> read_array(std::uint64_t offset, std::uint64_t count) const;

  /// The \p size bytes from \p offset on.
  [[nodiscard]] Result<ByteView> slice(std::uint64_t offset, std::uint64_t size) const {
    if (!contains(offset, size)) return truncated(size, offset);
    return ByteView(
        bytes_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size)));
  }

  /// What is there of the \p size bytes from \p offset on: possibly fewer, possibly none.
  [[nodiscard]] ByteView clamp(std::uint64_t offset, std::uint64_t size) const noexcept {
    if (offset >= bytes_.size()) return {};
    const auto there = bytes_.size() - offset;
    return ByteView(bytes_.subspan(static_cast<std::size_t>(offset),
                                   static_cast<std::size_t>(size < there ? size : there)));
  }

  /// The bytes as characters of no particular encoding.
  [[nodiscard]] std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

  /// The characters from \p offset to the next NUL (not included), at most \p limit of them.
  /// Without a NUL within the limit: Errc::LimitExceeded; at the end of the bytes: Errc::Truncated.
  [[nodiscard]] Result<std::string_view> c_string(std::uint64_t offset, std::uint64_t limit) const;

 private:
  [[nodiscard]] Error truncated(std::uint64_t size, std::uint64_t offset) const;

  std::span<const std::byte> bytes_;
};

/// Values of T in raw bytes that somebody else owns. Indexing past the end ends the process: size()
/// is what was checked against the bytes.
template <Raw T>
class RawArray {
 public:
  RawArray() = default;
  explicit RawArray(ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return bytes_.size() / sizeof(T); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] T operator[](std::uint64_t index) const {
    VIGIL_CHECK(index < size());
    T value;
    std::memcpy(&value, bytes_.bytes().data() + index * sizeof(T), sizeof(T));
    return value;
  }

 private:
  ByteView bytes_;
};

template <Raw T>
Result<RawArray<T>> ByteView::read_array(std::uint64_t offset, std::uint64_t count) const {
  if (offset > bytes_.size() || count > (bytes_.size() - offset) / sizeof(T)) {
    return Error{Errc::Truncated, std::to_string(count) + " records of " +
                                      std::to_string(sizeof(T)) + " bytes at offset " +
                                      std::to_string(offset) + " do not fit in " +
                                      std::to_string(bytes_.size()) + " bytes"};
  }
  return RawArray<T>(ByteView(bytes_.subspan(static_cast<std::size_t>(offset),
                                             static_cast<std::size_t>(count * sizeof(T)))));
}

}  // namespace vigil
