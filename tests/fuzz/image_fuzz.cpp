// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>

#include "image/image.h"
#include "unit/image/image_support.h"

/// Reads all there is of an image, laid out as a file or as in memory by the first byte.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vigil;
  if (size == 0) return 0;
  MemorySource bytes(ByteView(std::as_bytes(std::span(data, size).subspan(1))));
  const auto layout = data[0] % 2 == 0 ? image::Layout::File : image::Layout::Mapped;
  const auto image = image::PeImage::open(bytes, layout);
  if (image.ok()) test::read_everything(*image);
  return 0;
}
