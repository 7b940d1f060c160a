// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "base/byte_source.h"
#include "image/image.h"

namespace vigil::test {

/// An image with the bytes it reads.
struct OpenImage {
  explicit OpenImage(std::string content, image::Layout layout = image::Layout::Mapped)
      : bytes(std::move(content)),
        source(ByteView(std::string_view(bytes))),
        image(image::PeImage::open(source, layout)) {}
  OpenImage(const OpenImage&) = delete;
  OpenImage& operator=(const OpenImage&) = delete;

  std::string bytes;
  MemorySource source;
  Result<image::PeImage> image;
};

/// Calls everything that reads from an image: nothing may end the process, whatever the bytes.
inline void read_everything(const image::PeImage& image) {
  (void)image::read_codeview(image);
  (void)image::is_reproducible(image);
  (void)image::read_file_version(image);
  (void)image::read_company(image);
  (void)image::find_export(image, "Beta");
  (void)image.find_function(0x1010);
  (void)image.nearest_arm64_function(0x1010);
  if (const auto exports = image::ExportTable::read(image); exports.ok()) {
    (void)exports->nearest_code(0x1010);
    for (std::size_t i = 0; i < exports->size() && i < 16; ++i) (void)exports->at(i);
  }
}

}  // namespace vigil::test
