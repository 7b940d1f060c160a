// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/byte_view.h"
#include "base/utf.h"

/// Lays out bytes field by field for tests of formats. It shares no struct with the readers, so
/// that a wrong struct cannot agree with itself. Everything is little-endian. A mistake of the test
/// throws.
namespace vigil::test {

class ByteBuilder {
 public:
  ByteBuilder() = default;
  explicit ByteBuilder(std::string bytes) : bytes_(std::move(bytes)) {}

  ByteBuilder& u8(std::uint64_t value) { return put(value, 1); }
  ByteBuilder& u16(std::uint64_t value) { return put(value, 2); }
  ByteBuilder& u32(std::uint64_t value) { return put(value, 4); }
  ByteBuilder& u64(std::uint64_t value) { return put(value, 8); }
  ByteBuilder& i32(std::int32_t value) { return put(static_cast<std::uint32_t>(value), 4); }
  ByteBuilder& raw(std::string_view bytes) {
    bytes_.append(bytes);
    return *this;
  }
  /// \p text and a NUL.
  ByteBuilder& c_string(std::string_view text) { return raw(text).u8(0); }
  /// \p text as UTF-16, without a terminator.
  ByteBuilder& utf16(std::string_view text) {
    for (const char16_t unit : utf16_from_utf8(text)) u16(unit);
    return *this;
  }
  ByteBuilder& fill(std::size_t count, char byte = 0) {
    bytes_.append(count, byte);
    return *this;
  }
  /// Zeros up to the next multiple of \p boundary.
  ByteBuilder& align(std::size_t boundary) {
    return fill((boundary - bytes_.size() % boundary) % boundary);
  }
  /// Zeros up to \p offset: how structures with gaps are written.
  ByteBuilder& seek(std::size_t offset) {
    if (offset < bytes_.size()) throw std::logic_error("ByteBuilder: seek backwards");
    return fill(offset - bytes_.size());
  }

  ByteBuilder& patch_u8(std::size_t offset, std::uint64_t value) { return patch(offset, value, 1); }
  ByteBuilder& patch_u16(std::size_t offset, std::uint64_t value) {
    return patch(offset, value, 2);
  }
  ByteBuilder& patch_u32(std::size_t offset, std::uint64_t value) {
    return patch(offset, value, 4);
  }
  ByteBuilder& patch_u64(std::size_t offset, std::uint64_t value) {
    return patch(offset, value, 8);
  }
  ByteBuilder& patch_raw(std::size_t offset, std::string_view bytes) {
    check(offset, bytes.size());
    bytes_.replace(offset, bytes.size(), bytes);
    return *this;
  }

  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }
  /// Lives until the builder changes.
  [[nodiscard]] ByteView view() const { return ByteView(std::string_view(bytes_)); }

 private:
  ByteBuilder& put(std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) bytes_.push_back(byte_of(value, i));
    return *this;
  }
  ByteBuilder& patch(std::size_t offset, std::uint64_t value, std::size_t width) {
    check(offset, width);
    for (std::size_t i = 0; i < width; ++i) bytes_[offset + i] = byte_of(value, i);
    return *this;
  }
  void check(std::size_t offset, std::size_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) {
      throw std::out_of_range("ByteBuilder: patch outside the bytes");
    }
  }
  static char byte_of(std::uint64_t value, std::size_t index) {
    return static_cast<char>(static_cast<unsigned char>(value >> (8 * index)));
  }

  std::string bytes_;
};

}  // namespace vigil::test
