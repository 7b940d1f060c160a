// SPDX-License-Identifier: Apache-2.0
#include "platform/cabinet.h"

#include <string_view>

#include <fmt/format.h>

namespace vigil::platform {
namespace {

constexpr std::string_view kSignature = "MSCF";
constexpr std::uint64_t kHeaderBytes = 36, kFolderBytes = 8, kFileBytes = 16, kBlockBytes = 8;
constexpr std::uint64_t kMaxNameBytes = 256;
/// A block decompresses to so many bytes; compressed it may have grown by the other number.
constexpr std::uint32_t kMaxBlockContent = 32'768, kMaxBlockGrowth = 6'144;
constexpr std::uint16_t kHasPrevious = 1, kHasNext = 2, kHasReserve = 4;
constexpr std::uint16_t kMethodMask = 0xf, kLastMethod = 3;  // stored, MSZIP, Quantum, LZX

/// What the header and the folder say.
struct Layout {
  std::uint64_t files_offset = 0;
  std::uint64_t data_offset = 0;
  std::uint32_t blocks = 0;
  std::uint64_t block_reserve = 0;  ///< Bytes between a block's header and its data.
};

Error malformed(std::string_view what) {
  return {Errc::Malformed, fmt::format("cabinet: {}", what)};
}

Result<Layout> read_layout(ByteView cabinet) {
  Layout layout;
  VIGIL_TRY_ASSIGN(layout.files_offset, cabinet.read<std::uint32_t>(16));
  VIGIL_TRY_ASSIGN(const auto folders, cabinet.read<std::uint16_t>(26));
  VIGIL_TRY_ASSIGN(const auto files, cabinet.read<std::uint16_t>(28));
  VIGIL_TRY_ASSIGN(const auto flags, cabinet.read<std::uint16_t>(30));
  if ((flags & (kHasPrevious | kHasNext)) != 0) return malformed("it is a part of a larger one");
  if (files != 1 || folders != 1) return malformed("it has not exactly one file");
  std::uint64_t folder = kHeaderBytes;
  if ((flags & kHasReserve) != 0) {
    VIGIL_TRY_ASSIGN(const auto header_reserve, cabinet.read<std::uint16_t>(kHeaderBytes));
    VIGIL_TRY_ASSIGN(layout.block_reserve, cabinet.read<std::uint8_t>(kHeaderBytes + 3));
    folder += 4 + std::uint64_t{header_reserve};
  }
  VIGIL_TRY_ASSIGN(layout.data_offset, cabinet.read<std::uint32_t>(folder));
  VIGIL_TRY_ASSIGN(layout.blocks, cabinet.read<std::uint16_t>(folder + 4));
  VIGIL_TRY_ASSIGN(const auto method, cabinet.read<std::uint16_t>(folder + 6));
  if ((method & kMethodMask) > kLastMethod) return malformed("it is compressed in an unknown way");
  return layout;
}

/// The bytes that all blocks of the folder decompress to, each of which is there.
Result<std::uint64_t> content_bytes(ByteView cabinet, const Layout& layout) {
  std::uint64_t total = 0, at = layout.data_offset;
  for (std::uint32_t i = 0; i < layout.blocks; ++i) {
    VIGIL_TRY_ASSIGN(const auto packed, cabinet.read<std::uint16_t>(at + 4));
    VIGIL_TRY_ASSIGN(const auto content, cabinet.read<std::uint16_t>(at + 6));
    if (content > kMaxBlockContent || packed > kMaxBlockContent + kMaxBlockGrowth)
      return malformed(fmt::format("block {} is too large", i));
    at += kBlockBytes + layout.block_reserve;
    if (!cabinet.contains(at, packed)) return malformed("it is cut off");
    at += packed;
    total += content;
  }
  return total;
}

}  // namespace

Result<std::uint32_t> check_cabinet(ByteView cabinet, std::uint64_t limit) {
  if (cabinet.clamp(0, kSignature.size()).text() != kSignature)
    return malformed("it does not begin with MSCF");
  if (cabinet.size() < kHeaderBytes + kFolderBytes + kFileBytes)
    return malformed("it is too short");
  VIGIL_TRY_ASSIGN(const auto layout, read_layout(cabinet));
  VIGIL_TRY_ASSIGN(const auto size, cabinet.read<std::uint32_t>(layout.files_offset));
  VIGIL_TRY_ASSIGN(const auto start, cabinet.read<std::uint32_t>(layout.files_offset + 4));
  VIGIL_TRY_ASSIGN(const auto folder, cabinet.read<std::uint16_t>(layout.files_offset + 8));
  VIGIL_TRY(cabinet.c_string(layout.files_offset + kFileBytes, kMaxNameBytes));
  if (folder != 0 || start != 0) return malformed("its file is not where it says");
  if (size > limit) {
    return Error{Errc::LimitExceeded,
                 fmt::format("cabinet: its file has {} bytes, and the limit is {}", size, limit)};
  }
  VIGIL_TRY_ASSIGN(const auto content, content_bytes(cabinet, layout));
  if (content != size) {
    return malformed(fmt::format("its blocks have {} bytes, and its file has {}", content, size));
  }
  return size;
}

Result<std::uint64_t> expand_cabinet(ByteView cabinet, std::uint64_t limit, const ByteSink& sink) {
  VIGIL_TRY_ASSIGN(const auto size, check_cabinet(cabinet, limit));
  std::uint64_t left = size;
  VIGIL_TRY(decompress_cabinet(cabinet, [&](std::string_view bytes) -> Status {
    if (bytes.size() > left) return malformed("its file is larger than it says");
    left -= bytes.size();
    return sink(bytes);
  }));
  if (left != 0) return malformed("its file is shorter than it says");
  return std::uint64_t{size};
}

}  // namespace vigil::platform
