// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <zstd.h>

#include "capture/sink.h"

namespace vigil::capture {
namespace {

// The seekable format's constants, from contrib/seekable_format/zstd_seekable_compression_format.md
// of zstd.
constexpr std::uint32_t kSkippableMagic = 0x184d2a5e;
constexpr std::uint32_t kSeekableMagic = 0x8f92eab1;
constexpr std::size_t kTableEntryBytes = 8;
constexpr std::size_t kFooterBytes = 9;
constexpr std::size_t kMaxFrames = 0x800'0000;

/// The target process may be waiting while this runs, and its memory is mostly easy: speed first.
constexpr int kLevel = 1;

struct ContextDeleter {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};
using Context = std::unique_ptr<ZSTD_CCtx, ContextDeleter>;

Error zstd_error(std::size_t code) {
  return {Errc::Internal, fmt::format("zstd: {}", ZSTD_getErrorName(code))};
}

void put_u32(std::vector<std::byte>& out, std::size_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<std::byte>(value >> shift));
}

class ZstdSink final : public Sink {
 public:
  ZstdSink(Context context, Sink& next)
      : context_(std::move(context)), next_(next), packed_(ZSTD_compressBound(kFrameBytes)) {
    frame_.reserve(kFrameBytes);
  }

  Status write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      if (frame_.empty() && bytes.size() >= kFrameBytes) {
        VIGIL_TRY(pack(bytes.first(kFrameBytes)));
        bytes = bytes.subspan(kFrameBytes);
        continue;
      }
      const auto part = bytes.first(std::min(bytes.size(), kFrameBytes - frame_.size()));
      frame_.insert(frame_.end(), part.begin(), part.end());
      bytes = bytes.subspan(part.size());
      if (frame_.size() == kFrameBytes) VIGIL_TRY(flush());
    }
    return {};
  }

  Status finish() override {
    if (!frame_.empty()) VIGIL_TRY(flush());
    std::vector<std::byte> table;
    put_u32(table, kSkippableMagic);
    put_u32(table, frames_.size() * kTableEntryBytes + kFooterBytes);
    for (const auto& [packed, unpacked] : frames_) {
      put_u32(table, packed);
      put_u32(table, unpacked);
    }
    put_u32(table, frames_.size());
    table.push_back(std::byte{0});  // No checksums in the table: each frame has its own.
    put_u32(table, kSeekableMagic);
    VIGIL_TRY(next_.write(table));
    return next_.finish();
  }

 private:
  Status flush() {
    VIGIL_TRY(pack(frame_));
    frame_.clear();
    return {};
  }

  Status pack(std::span<const std::byte> frame) {
    if (frames_.size() >= kMaxFrames)
      return Error{Errc::LimitExceeded, "zstd: too many frames for one seek table"};
    const auto size =
        ZSTD_compress2(context_.get(), packed_.data(), packed_.size(), frame.data(), frame.size());
    if (ZSTD_isError(size) != 0) return zstd_error(size);
    frames_.push_back({.packed = static_cast<std::uint32_t>(size),
                       .unpacked = static_cast<std::uint32_t>(frame.size())});
    return next_.write(std::span<const std::byte>(packed_).first(size));
  }

  struct Frame {
    std::uint32_t packed;
    std::uint32_t unpacked;
  };
  Context context_;
  Sink& next_;
  std::vector<std::byte> packed_;
  std::vector<std::byte> frame_;
  std::vector<Frame> frames_;
};

}  // namespace

Result<std::unique_ptr<Sink>> make_zstd_sink(Sink& next) {
  Context context(ZSTD_createCCtx());
  if (!context) return Error{Errc::Internal, "zstd: no memory for its context"};
  for (const auto& [parameter, value] :
       {std::pair{ZSTD_c_compressionLevel, kLevel}, std::pair{ZSTD_c_checksumFlag, 1}}) {
    const auto result = ZSTD_CCtx_setParameter(context.get(), parameter, value);
    if (ZSTD_isError(result) != 0) return zstd_error(result);
  }
  return std::unique_ptr<Sink>(std::make_unique<ZstdSink>(std::move(context), next));
}

}  // namespace vigil::capture
