// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
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

/// The threads that pack, besides the one that reads. The machine has other work to do.
constexpr unsigned kMaxHelpers = 3;
/// How many frames may wait for each thread that packs, so that none is ever idle.
constexpr std::size_t kFramesPerThread = 2;

struct ContextDeleter {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};
using Context = std::unique_ptr<ZSTD_CCtx, ContextDeleter>;

Error zstd_error(std::size_t code) {
  return {Errc::Internal, fmt::format("zstd: {}", ZSTD_getErrorName(code))};
}

Result<Context> make_context() {
  Context context(ZSTD_createCCtx());
  if (!context) return Error{Errc::Internal, "zstd: no memory for its context"};
  for (const auto& [parameter, value] :
       {std::pair{ZSTD_c_compressionLevel, kLevel}, std::pair{ZSTD_c_checksumFlag, 1}}) {
    const auto result = ZSTD_CCtx_setParameter(context.get(), parameter, value);
    if (ZSTD_isError(result) != 0) return zstd_error(result);
  }
  return context;
}

void put_u32(std::vector<std::byte>& out, std::size_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<std::byte>(value >> shift));
}

/// Has all the room it needs from the beginning: a helper's thread allocates nothing.
struct Frame {
  enum class State : std::uint8_t { Waiting, Taken, Packed };

  explicit Frame(std::size_t bytes) : packed(ZSTD_compressBound(bytes)) { raw.reserve(bytes); }
  void pack(ZSTD_CCtx* context) {
    packed_size = ZSTD_compress2(context, packed.data(), packed.size(), raw.data(), raw.size());
  }

  State state = State::Waiting;
  std::vector<std::byte> raw;
  std::vector<std::byte> packed;
  std::size_t packed_size = 0;  ///< Or zstd's error.
};

/// Frames that are packed by several threads and come out in the order in which they went in. The
/// caller's thread packs too, whenever it would have to wait: so this works without any helper.
class FrameQueue {
 public:
  /// One context for the caller, and one for each helper.
  explicit FrameQueue(std::vector<Context> contexts) : contexts_(std::move(contexts)) {}
  ~FrameQueue() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
  }
  FrameQueue(const FrameQueue&) = delete;
  FrameQueue& operator=(const FrameQueue&) = delete;

  [[nodiscard]] bool full() const { return frames_.size() >= kFramesPerThread * contexts_.size(); }
  [[nodiscard]] bool empty() const { return frames_.empty(); }

  void push(std::unique_ptr<Frame> frame) {
    // Most mini dumps are one frame, which needs nobody's help.
    if (!frames_.empty() && helpers_.empty()) start_helpers();
    {
      const std::lock_guard lock(mutex_);
      frame->state = Frame::State::Waiting;
      frames_.push_back(std::move(frame));
    }
    changed_.notify_all();
  }

  /// The oldest one, packed. The queue is not empty.
  [[nodiscard]] std::unique_ptr<Frame> pop() {
    std::unique_lock lock(mutex_);
    while (frames_.front()->state != Frame::State::Packed) {
      if (auto* frame = take(); frame != nullptr) {
        pack(*frame, contexts_.front().get(), lock);
      } else {
        changed_.wait(lock);
      }
    }
    auto frame = std::move(frames_.front());
    frames_.pop_front();
    return frame;
  }

 private:
  void start_helpers() {
    for (const auto& context : std::span(contexts_).subspan(1)) {
      try {
        helpers_.emplace_back([this, own = context.get()] { help(own); });
      } catch (const std::system_error&) {
        return;  // The system has no thread to give: slower, and just as good.
      }
    }
  }

  [[nodiscard]] Frame* take() {
    const auto waiting = std::ranges::find(frames_, Frame::State::Waiting, &Frame::state);
    if (waiting == frames_.end()) return nullptr;
    (*waiting)->state = Frame::State::Taken;
    return waiting->get();
  }

  void pack(Frame& frame, ZSTD_CCtx* context, std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    frame.pack(context);
    lock.lock();
    frame.state = Frame::State::Packed;
    changed_.notify_all();
  }

  void help(ZSTD_CCtx* context) {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      if (auto* frame = take(); frame != nullptr) {
        pack(*frame, context, lock);
      } else {
        changed_.wait(lock);
      }
    }
  }

  std::vector<Context> contexts_;
  std::mutex mutex_;
  // No std::stop_token: waiting with one waits for its callback's end, and that is missed once in a
  // while where the runtime has no futex (libstdc++ on Windows).
  std::condition_variable changed_;
  bool ending_ = false;
  std::deque<std::unique_ptr<Frame>> frames_;  // Its order and length are the caller's alone.
  std::vector<std::jthread> helpers_;          // Last: they end before what they use.
};

class ZstdSink final : public Sink {
 public:
  ZstdSink(std::vector<Context> contexts, Sink& next, std::size_t frame_bytes)
      : next_(next), frame_bytes_(frame_bytes), queue_(std::move(contexts)) {}

  Status write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      if (!frame_) VIGIL_TRY(begin_frame());
      auto& raw = frame_->raw;
      const auto part = bytes.first(std::min(bytes.size(), frame_bytes_ - raw.size()));
      raw.insert(raw.end(), part.begin(), part.end());
      bytes = bytes.subspan(part.size());
      if (raw.size() == frame_bytes_) queue_.push(std::move(frame_));
    }
    return {};
  }

  Status finish() override {
    if (frame_) queue_.push(std::move(frame_));
    while (!queue_.empty()) VIGIL_TRY(pass_on_oldest());
    std::vector<std::byte> table;
    put_u32(table, kSkippableMagic);
    put_u32(table, sizes_.size() * kTableEntryBytes + kFooterBytes);
    for (const auto& [packed, unpacked] : sizes_) {
      put_u32(table, packed);
      put_u32(table, unpacked);
    }
    put_u32(table, sizes_.size());
    table.push_back(std::byte{0});  // No checksums in the table: each frame has its own.
    put_u32(table, kSeekableMagic);
    VIGIL_TRY(next_.write(table));
    return next_.finish();
  }

 private:
  Status begin_frame() {
    if (queue_.full()) VIGIL_TRY(pass_on_oldest());
    frame_ = spare_ ? std::move(spare_) : std::make_unique<Frame>(frame_bytes_);
    frame_->raw.clear();
    return {};
  }

  Status pass_on_oldest() {
    auto frame = queue_.pop();
    if (sizes_.size() >= kMaxFrames)
      return Error{Errc::LimitExceeded, "zstd: too many frames for one seek table"};
    if (ZSTD_isError(frame->packed_size) != 0) return zstd_error(frame->packed_size);
    sizes_.push_back({.packed = static_cast<std::uint32_t>(frame->packed_size),
                      .unpacked = static_cast<std::uint32_t>(frame->raw.size())});
    spare_ = std::move(frame);
    return next_.write(std::span<const std::byte>(spare_->packed).first(spare_->packed_size));
  }

  struct FrameSize {
    std::uint32_t packed;
    std::uint32_t unpacked;
  };
  Sink& next_;
  std::size_t frame_bytes_;
  std::unique_ptr<Frame> frame_;  // The one that is being filled.
  std::unique_ptr<Frame> spare_;
  std::vector<FrameSize> sizes_;
  FrameQueue queue_;
};

}  // namespace

Result<std::unique_ptr<Sink>> make_zstd_sink(Sink& next, std::size_t frame_bytes) {
  const auto processors = std::max(std::thread::hardware_concurrency(), 1u);
  std::vector<Context> contexts;
  for (unsigned i = 0; i <= std::min(processors - 1, kMaxHelpers); ++i) {
    VIGIL_TRY_ASSIGN(auto context, make_context());
    contexts.push_back(std::move(context));
  }
  return std::unique_ptr<Sink>(std::make_unique<ZstdSink>(std::move(contexts), next, frame_bytes));
}

}  // namespace vigil::capture
