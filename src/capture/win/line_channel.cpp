// SPDX-License-Identifier: Apache-2.0
#include "capture/win/line_channel.h"

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "capture/capture.h"

namespace vigil::capture {
namespace {

/// Nobody has more to say at once; of more, the oldest give way.
constexpr std::size_t kMaxLines = 16;

/// The read may begin just after it was cancelled, so that is tried again.
constexpr std::chrono::milliseconds kCancelAgain{20};
constexpr int kMaxCancels = 10;

}  // namespace

/// What the reading thread and the others share.
class LineChannel::Input {
 public:
  explicit Input(HANDLE handle) : handle_(handle) {}

  void pump();
  [[nodiscard]] std::optional<std::string> read(std::chrono::milliseconds timeout);
  void discard();
  [[nodiscard]] bool ended();
  /// False when the thread cannot be brought to its end.
  [[nodiscard]] bool stop();

 private:
  /// False at kDetachLine, and for a line that is longer than a line may be.
  [[nodiscard]] bool take(std::string_view bytes);

  HANDLE handle_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;
  std::string unfinished_;
  bool ended_ = false;
  bool stopping_ = false;
  HANDLE pump_thread_ = nullptr;  ///< Of pump(), while it runs; for CancelSynchronousIo.
};

void LineChannel::Input::pump() {
  {
    const std::lock_guard lock(mutex_);
    ::DuplicateHandle(::GetCurrentProcess(), ::GetCurrentThread(), ::GetCurrentProcess(),
                      &pump_thread_, 0, FALSE, DUPLICATE_SAME_ACCESS);
  }
  std::array<char, 4096> buffer{};
  DWORD read = 0;
  while (::ReadFile(handle_, buffer.data(), static_cast<DWORD>(buffer.size()), &read, nullptr) !=
             FALSE &&
         read != 0) {
    if (!take({buffer.data(), read})) break;
  }
  const std::lock_guard lock(mutex_);
  if (pump_thread_ != nullptr) ::CloseHandle(std::exchange(pump_thread_, nullptr));
  ended_ = true;
  changed_.notify_all();
}

bool LineChannel::Input::take(std::string_view bytes) {
  const auto detach = kDetachLine.substr(0, kDetachLine.size() - 1);
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  for (const char c : bytes) {
    if (c != '\n') {
      if (unfinished_.size() >= kMaxEventBytes) return false;
      unfinished_.push_back(c);
      continue;
    }
    if (unfinished_.ends_with('\r')) unfinished_.pop_back();
    if (unfinished_ == detach) return false;
    if (lines_.size() == kMaxLines) lines_.pop_front();
    lines_.push_back(std::exchange(unfinished_, {}));
  }
  changed_.notify_all();
  return true;
}

std::optional<std::string> LineChannel::Input::read(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return ended_ || !lines_.empty(); });
  if (lines_.empty()) return std::nullopt;
  auto line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

void LineChannel::Input::discard() {
  const std::lock_guard lock(mutex_);
  lines_.clear();
}

bool LineChannel::Input::ended() {
  const std::lock_guard lock(mutex_);
  return ended_;
}

bool LineChannel::Input::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (int i = 0; i < kMaxCancels && !ended_; ++i) {
    if (pump_thread_ != nullptr) ::CancelSynchronousIo(pump_thread_);
    changed_.wait_for(lock, kCancelAgain, [this] { return ended_; });
  }
  return ended_;
}

LineChannel::LineChannel(HANDLE in, HANDLE out)
    : out_(out),
      input_(std::make_unique<Input>(in)),
      thread_([input = input_.get()] { input->pump(); }) {}

LineChannel::~LineChannel() {
  if (input_->stop()) {
    thread_.join();
    return;
  }
  // Some reads cannot be cancelled (Wine, on a pipe of the host's). The thread keeps what it uses
  // and ends with the program, which is about to end.
  thread_.detach();
  [[maybe_unused]] const auto* left = input_.release();
}

void LineChannel::write(std::string_view line) {
  while (!line.empty()) {
    DWORD written = 0;
    if (::WriteFile(out_, line.data(), static_cast<DWORD>(line.size()), &written, nullptr) == FALSE)
      return;
    line.remove_prefix(written);
  }
}

std::optional<std::string> LineChannel::read(std::chrono::milliseconds timeout) {
  return input_->read(timeout);
}

void LineChannel::discard() {
  input_->discard();
}

bool LineChannel::ended() {
  return input_->ended();
}

}  // namespace vigil::capture
