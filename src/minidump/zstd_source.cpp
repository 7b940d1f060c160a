// SPDX-License-Identifier: Apache-2.0
#include "minidump/zstd_source.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "minidump/address_space.h"
#include "minidump/file_type.h"
#include "minidump/seek_table.h"

namespace vigil::minidump {
namespace {

/// How far back a frame may refer, as a power of two: without a seek table that much is kept
/// besides what is unpacked. `zstd -19` needs 23, and 25 is as far as it goes before `--ultra -21`.
constexpr int kMaxWindowLog = 25;

struct ContextDeleter {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};
using Context = std::unique_ptr<ZSTD_DCtx, ContextDeleter>;

Result<Context> make_context() {
  Context context(ZSTD_createDCtx());
  if (context == nullptr) return Error{Errc::Internal, "zstd: no memory for a decoder"};
  const auto set = ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
  if (ZSTD_isError(set) != 0) return Error{Errc::Internal, ZSTD_getErrorName(set)};
  return context;
}

/// Unpacks frames when they are touched, each at most once, into one piece of address space: views
/// stay contiguous and stay valid.
class SeekableSource final : public ByteSource {
 public:
  SeekableSource(std::unique_ptr<ByteSource> file,
                 SeekTable table,
                 std::unique_ptr<AddressSpace> space,
                 Context context,
                 std::uint64_t max_unpacked,
                 Diagnostics& diagnostics)
      : file_(std::move(file)),
        table_(std::move(table)),
        pending_(table_.frames.size() + 1),
        lost_(table_.frames.size()),
        space_(std::move(space)),
        context_(std::move(context)),
        budget_(max_unpacked),
        diagnostics_(diagnostics) {
    std::iota(pending_.begin(), pending_.end(), std::uint32_t{0});
  }

  [[nodiscard]] std::uint64_t size() const noexcept override { return table_.unpacked_size; }

  [[nodiscard]] Result<ByteView> view(std::uint64_t offset, std::uint64_t size) override {
    VIGIL_TRY_ASSIGN(const auto bytes, ByteView(space_->bytes()).slice(offset, size));
    if (size == 0) return bytes;
    const auto& frames = table_.frames;
    const auto behind = std::ranges::upper_bound(frames, offset, {}, &ZstdFrame::unpacked_offset);
    auto index = next_pending(static_cast<std::size_t>(behind - frames.begin()) - 1);
    while (index < frames.size() && frames[index].unpacked_offset < offset + size) {
      VIGIL_TRY(bring_in(index));
      index = next_pending(index);
    }
    return bytes;
  }

 private:
  /// The first frame from \p index on that is not unpacked yet. Frames may be of one byte each, and
  /// views are many: what is passed over once is not looked at again.
  std::size_t next_pending(std::size_t index) {
    while (pending_[index] != index) {
      pending_[index] = pending_[pending_[index]];
      index = pending_[index];
    }
    return index;
  }

  Status bring_in(std::size_t index) {
    const auto& frame = table_.frames[index];
    if (lost_[index]) return Error{Errc::Malformed, describe(frame) + " is damaged"};
    if (frame.unpacked_size > budget_) return refuse(frame);
    budget_ -= frame.unpacked_size;
    auto status = unpack(frame);
    if (status.ok()) {
      pending_[index] = static_cast<std::uint32_t>(index + 1);
    } else {
      lost_[index] = true;
      diagnostics_.note(fmt::format("{}: {}", describe(frame), status.error().message()));
    }
    return status;
  }

  Status refuse(const ZstdFrame& frame) {
    auto error =
        Error{Errc::LimitExceeded, describe(frame) + " would pass the limit for unpacked bytes"};
    if (!std::exchange(refused_, true)) diagnostics_.note(error.message());
    return error;
  }

  Status unpack(const ZstdFrame& frame) {
    VIGIL_TRY_ASSIGN(const auto packed, file_->view(frame.packed_offset, frame.packed_size));
    VIGIL_TRY(space_->commit(frame.unpacked_offset, frame.unpacked_size));
    auto* const to = space_->bytes().data() + frame.unpacked_offset;
    const auto result = ZSTD_decompressDCtx(context_.get(), to, frame.unpacked_size,
                                            packed.bytes().data(), packed.bytes().size());
    if (ZSTD_isError(result) != 0) return Error{Errc::Malformed, ZSTD_getErrorName(result)};
    if (result == frame.unpacked_size) return {};
    return Error{Errc::Malformed,
                 fmt::format("holds {} bytes, and its table says {}", result, frame.unpacked_size)};
  }

  static std::string describe(const ZstdFrame& frame) {
    return fmt::format("zstd frame at {:#x}", frame.packed_offset);
  }

  std::unique_ptr<ByteSource> file_;
  SeekTable table_;
  // Of each frame the first pending one behind it, or one on the way there; itself while pending.
  std::vector<std::uint32_t> pending_;
  std::vector<bool> lost_;  // of table_.frames
  std::unique_ptr<AddressSpace> space_;
  Context context_;
  std::uint64_t budget_;
  Diagnostics& diagnostics_;
  bool refused_ = false;
};

/// The bytes at the front of a piece of address space.
class UnpackedSource final : public ByteSource {
 public:
  UnpackedSource(std::unique_ptr<AddressSpace> space, std::uint64_t size)
      : space_(std::move(space)), bytes_(ByteView(space_->bytes()).clamp(0, size)) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  [[nodiscard]] Result<ByteView> view(std::uint64_t offset, std::uint64_t size) override {
    return bytes_.slice(offset, size);
  }

 private:
  std::unique_ptr<AddressSpace> space_;
  ByteView bytes_;
};

/// Why not even the first byte can be unpacked.
Error refusal_of(std::size_t code) {
  if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge) {
    return Error{
        Errc::LimitExceeded,
        fmt::format("compressed dump: packed with a window of more than {} MiB; what 'zstd "
                    "-d --long=31' makes of it can be read",
                    1U << (kMaxWindowLog - 20))};
  }
  return Error{Errc::Malformed,
               fmt::format("compressed dump: damaged from the start: {}", ZSTD_getErrorName(code))};
}

/// Unpacks \p packed into \p space from the front until one of them ends or the input is damaged,
/// which is noted. Gives the number of bytes unpacked.
Result<std::uint64_t> unpack_stream(ByteView packed,
                                    AddressSpace& space,
                                    Diagnostics& diagnostics) {
  constexpr std::uint64_t kStep = std::uint64_t{1} << 20;
  VIGIL_TRY_ASSIGN(const auto context, make_context());
  ZSTD_inBuffer in{packed.bytes().data(), packed.bytes().size(), 0};
  ZSTD_outBuffer out{space.bytes().data(), 0, 0};
  std::size_t hint = 0;  // 0: a frame ended here
  while (in.pos < in.size || out.pos == out.size) {
    if (out.pos == out.size) {
      const auto step = std::min(kStep, space.bytes().size() - out.size);
      if (step == 0) break;
      VIGIL_TRY(space.commit(out.size, step));
      out.size += static_cast<std::size_t>(step);
    }
    const auto [in_before, out_before] = std::pair(in.pos, out.pos);
    hint = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(hint) != 0 && out.pos == 0) return refusal_of(hint);
    if (ZSTD_isError(hint) != 0) {
      diagnostics.note(fmt::format("compressed dump: damaged after {} bytes: {}", out.pos,
                                   ZSTD_getErrorName(hint)));
      return out.pos;
    }
    if (in.pos == in_before && out.pos == out_before) break;
  }
  if (out.pos == space.bytes().size()) {
    diagnostics.note(
        fmt::format("compressed dump: unpacked up to the limit of {} bytes; what zstd -d makes of "
                    "it is read whole",
                    out.pos));
  } else if (hint != 0) {
    diagnostics.note(fmt::format("compressed dump: ends in the middle, after {} bytes", out.pos));
  }
  return out.pos;
}

std::uint64_t max_unpacked_bytes(const Limits& limits) {
  const auto more = limits.more_unpacked_bytes == nullptr ? 0 : limits.more_unpacked_bytes();
  return std::max(limits.max_unpacked_bytes, more);
}

Result<std::unique_ptr<ByteSource>> unpack_all(std::unique_ptr<ByteSource> file,
                                               std::uint64_t max_unpacked,
                                               Diagnostics& diagnostics) {
  VIGIL_TRY_ASSIGN(auto space, AddressSpace::reserve(max_unpacked));
  VIGIL_TRY_ASSIGN(const auto packed, file->view(0, file->size()));
  VIGIL_TRY_ASSIGN(const auto size, unpack_stream(packed, *space, diagnostics));
  if (size == 0) return Error{Errc::Malformed, "compressed dump: nothing in it can be unpacked"};
  return std::unique_ptr<ByteSource>(std::make_unique<UnpackedSource>(std::move(space), size));
}

/// The first \p size bytes of what is packed in \p packed, or what of them can be unpacked.
std::string unpacked_start(ByteView packed, std::size_t size) {
  const auto context = make_context();
  if (!context.ok()) return {};
  std::string text(size, '\0');
  ZSTD_inBuffer in{packed.bytes().data(), packed.bytes().size(), 0};
  ZSTD_outBuffer out{text.data(), text.size(), 0};
  while (out.pos < out.size && in.pos < in.size) {
    const auto before = std::pair(in.pos, out.pos);
    const auto hint = ZSTD_decompressStream(context->get(), &out, &in);
    if (ZSTD_isError(hint) != 0 || before == std::pair(in.pos, out.pos)) break;
  }
  text.resize(out.pos);
  return text;
}

}  // namespace

std::string start_of(ByteSource& file, std::size_t size) {
  // A block of zstd has at most 128 KiB, and a table may stand before the first.
  constexpr std::uint64_t kLookedAt = std::uint64_t{1} << 20;
  const auto type = identify(file);
  if (type.ok() && *type == FileType::Zstd) return unpacked_start(file.clamp(0, kLookedAt), size);
  return std::string(file.clamp(0, size).text());
}

Result<std::unique_ptr<ByteSource>> unpack(std::unique_ptr<ByteSource> file,
                                           const Limits& limits,
                                           Diagnostics& diagnostics) {
  return open_zstd(std::move(file), limits, diagnostics);
}

Result<std::unique_ptr<ByteSource>> open_zstd(std::unique_ptr<ByteSource> file,
                                              const Limits& limits,
                                              Diagnostics& diagnostics) {
  auto table = read_seek_table(*file);
  if (!table.ok())
    diagnostics.note(table.error().message() + "; unpacking from the front without it");
  const auto max_unpacked = max_unpacked_bytes(limits);
  if (!table.ok() || !table->has_value())
    return unpack_all(std::move(file), max_unpacked, diagnostics);
  const auto claimed = (*table)->unpacked_size;
  if (claimed > limits.max_claimed_bytes) {
    return Error{Errc::LimitExceeded,
                 fmt::format("compressed dump: claims {} bytes, and the limit is {}", claimed,
                             limits.max_claimed_bytes)};
  }
  if (claimed == 0) return Error{Errc::Malformed, "compressed dump: it is empty"};
  VIGIL_TRY_ASSIGN(auto space, AddressSpace::reserve(claimed));
  VIGIL_TRY_ASSIGN(auto context, make_context());
  return std::unique_ptr<ByteSource>(
      std::make_unique<SeekableSource>(std::move(file), std::move(**table), std::move(space),
                                       std::move(context), max_unpacked, diagnostics));
}

}  // namespace vigil::minidump
