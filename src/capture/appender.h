// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/byte_view.h"
#include "capture/format.h"

namespace vigil::capture {

/// Appends plain data to bytes that somebody else owns, and remembers where it went.
class Appender {
 public:
  explicit Appender(std::vector<std::byte>& bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint32_t position() const noexcept {
    return static_cast<std::uint32_t>(bytes_.size());
  }

  void align() { bytes_.resize((bytes_.size() + kAlignment - 1) / kAlignment * kAlignment); }

  std::uint32_t put_bytes(std::span<const std::byte> bytes) {
    const auto rva = position();
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return rva;
  }

  template <Raw T>
  std::uint32_t put(const T& value) {
    return put_bytes(std::as_bytes(std::span(&value, 1)));
  }

  template <Raw T>
  void put_all(const std::vector<T>& values) {
    put_bytes(std::as_bytes(std::span(values)));
  }

  /// A MINIDUMP_STRING: the length counts bytes and leaves out the NUL behind the text.
  std::uint32_t put_string(std::u16string_view text) {
    align();
    const auto rva = put(static_cast<std::uint32_t>(text.size() * sizeof(char16_t)));
    put_bytes(std::as_bytes(std::span(text)));
    put(char16_t{0});
    return rva;
  }

  format::LocationDescriptor put_blob(std::span<const std::byte> bytes) {
    align();
    return {.data_size = static_cast<std::uint32_t>(bytes.size()), .rva = put_bytes(bytes)};
  }

 private:
  static constexpr std::size_t kAlignment = 8;  // What readers that map the file like to see.
  std::vector<std::byte>& bytes_;
};

}  // namespace vigil::capture
