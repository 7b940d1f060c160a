// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <zstd.h>

#include "support/byte_builder.h"

/// Builds zstd files for tests. A program that uses it links deps::zstd.
namespace vigil::test {

/// One zstd frame that says how large its content is and ends with a checksum of it.
inline std::string zstd_frame(std::string_view content) {
  std::string packed(ZSTD_compressBound(content.size()), '\0');
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  (void)ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  const auto size =
      ZSTD_compress2(context, packed.data(), packed.size(), content.data(), content.size());
  ZSTD_freeCCtx(context);
  if (ZSTD_isError(size) != 0) throw std::runtime_error(ZSTD_getErrorName(size));
  packed.resize(size);
  return packed;
}

/// A file in the zstd seekable format, frame by frame.
class SeekableZstdBuilder {
 public:
  explicit SeekableZstdBuilder(bool checksums = false) : checksums_(checksums) {}

  /// Splits \p content into frames of \p frame_size bytes.
  SeekableZstdBuilder& add(std::string_view content, std::size_t frame_size) {
    for (std::size_t i = 0; i < content.size(); i += frame_size) {
      const auto part = content.substr(i, frame_size);
      add_frame(zstd_frame(part), static_cast<std::uint32_t>(part.size()));
    }
    return *this;
  }
  /// A frame as it is, with what the table says of its content.
  SeekableZstdBuilder& add_frame(std::string_view packed, std::uint32_t unpacked_size) {
    entries_.u32(packed.size()).u32(unpacked_size);
    if (checksums_) entries_.u32(0);
    frames_.append(packed);
    ++count_;
    return *this;
  }

  [[nodiscard]] std::string frames() const { return frames_; }
  [[nodiscard]] std::string finish() const {
    constexpr std::size_t kFooterBytes = 9;
    ByteBuilder file(frames_);
    file.u32(0x184d2a5e).u32(entries_.size() + kFooterBytes).raw(entries_.bytes());
    return file.u32(count_).u8(checksums_ ? 0x80 : 0).u32(0x8f92eab1).bytes();
  }

 private:
  bool checksums_;
  std::string frames_;
  ByteBuilder entries_;
  std::uint32_t count_ = 0;
};

}  // namespace vigil::test
