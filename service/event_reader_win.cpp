// SPDX-License-Identifier: Apache-2.0
#include "event_reader.h"

#include <windows.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/time.h"
#include "eventlog/win/subscription.h"
#include "platform/win/handle.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

using eventlog::Subscription;
using Milliseconds = std::chrono::milliseconds;

/// How much of the past is read where there is no bookmark.
constexpr Microseconds kBack = std::chrono::hours(24 * 7);
constexpr Milliseconds kFirstPause{1'000};
constexpr Milliseconds kLongestPause{60'000};
/// Where there is no event log at all, one may be there after a repair.
constexpr Milliseconds kUnsupportedPause{600'000};

}  // namespace

class EventReader::Work : public std::enable_shared_from_this<EventReader::Work> {
 public:
  explicit Work(Parts parts) : parts_(std::move(parts)) {}

  void start(std::string bookmark) {
    bookmark_ = std::move(bookmark);
    stop_ = platform::KernelHandle(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
    taken_ = platform::KernelHandle(::CreateEventW(nullptr, FALSE, FALSE, nullptr));
    if (!stop_ || !taken_) return tell(Error{Errc::Io, "the event log cannot be waited for"});
    try {
      std::thread([work = shared_from_this()] { work->run_safely(); }).detach();
    } catch (const std::exception& e) {
      tell(Error{Errc::Io, std::string("the event log cannot be read: ") + e.what()});
    }
  }

  void stop() {
    {
      const std::scoped_lock lock(mutex_);
      stopped_ = true;
    }
    if (stop_) ::SetEvent(stop_.get());
  }

 private:
  void run_safely() {
    try {
      run();
    } catch (const std::exception& e) {
      on_service([this, what = std::string(e.what())] {
        tell(Error{Errc::Internal, "the event log is not read any more: " + what});
      });
    }
  }

  /// Until it is stopped. Nothing of the service may be touched here but by on_service().
  void run() {
    auto pause = kFirstPause;
    do {
      bool worked = false;
      const auto why = read(worked);
      if (!why) return;
      if (worked) pause = kFirstPause;
      const bool again = why->code() == Errc::NotFound;
      if (again) bookmark_.clear();  // what was read before is known by its number
      on_service([this, error = *why] { tell(error); });
      pause = why->code() == Errc::Unsupported ? kUnsupportedPause
              : again                          ? kFirstPause
                                               : std::min(pause * 2, kLongestPause);
    } while (!stops_within(pause));
  }

  /// Why it ended; nothing: it was stopped.
  std::optional<Error> read(bool& worked) {
    auto subscription = Subscription::open(bookmark_, kBack);
    if (!subscription.ok()) return std::move(subscription).take_error();
    worked = true;
    on_service([this] { tell_that_it_works(); });
    for (;;) {
      const std::array<HANDLE, 2> handles = {stop_.get(), subscription->ready()};
      if (::WaitForMultipleObjects(2, handles.data(), FALSE, INFINITE) != WAIT_OBJECT_0 + 1)
        return std::nullopt;
      auto batch = subscription->next();
      if (!batch.ok()) return std::move(batch).take_error();
      if (!batch->empty() && !hand_on(*batch)) return std::nullopt;
    }
  }

  /// Waits until the service has taken it. False: it was stopped.
  bool hand_on(const Subscription::Batch& batch) {
    for (;;) {
      auto pending = std::make_shared<Pending>();
      on_service([this, pending, batch] {
        pending->ok = parts_.take(batch.events, batch.bookmark).ok();
        ::SetEvent(taken_.get());
      });
      const std::array<HANDLE, 2> handles = {stop_.get(), taken_.get()};
      if (::WaitForMultipleObjects(2, handles.data(), FALSE, INFINITE) != WAIT_OBJECT_0 + 1)
        return false;
      if (pending->ok) break;
      if (stops_within(kFirstPause * 5)) return false;
    }
    bookmark_ = batch.bookmark;
    return true;
  }

  struct Pending {
    bool ok = false;
  };

  /// Runs \p what on the service's thread, unless the service is over.
  template <class What>
  void on_service(What what) {
    const std::scoped_lock lock(mutex_);
    if (stopped_) return;
    asio::post(parts_.io, [work = shared_from_this(), what = std::move(what)] {
      if (!work->stopped_) what();  // only that thread ever sets it
    });
  }

  [[nodiscard]] bool stops_within(Milliseconds pause) const {
    return ::WaitForSingleObject(stop_.get(), static_cast<DWORD>(pause.count())) == WAIT_OBJECT_0;
  }

  void tell(const Error& error) {
    if (std::exchange(said_, error.message()) == error.message()) return;
    if (error.code() == Errc::Unsupported) {
      parts_.log.info("{}; what only it tells is not known", error.message());
    } else if (error.code() == Errc::NotFound) {
      parts_.log.warn("{}: there may be a gap; the past week is read again", error.message());
    } else {
      parts_.log.warn("{}; it is tried again", error.message());
    }
  }

  void tell_that_it_works() {
    if (std::exchange(said_, "works") != "works") parts_.log.info("the event log is being read");
  }

  Parts parts_;
  std::mutex mutex_;  // stopped_ is read by both threads, written by the service's
  bool stopped_ = false;
  std::string said_;  // the service's thread only
  std::string bookmark_;
  platform::KernelHandle stop_, taken_;
};

EventReader::EventReader(Parts parts) : work_(std::make_shared<Work>(std::move(parts))) {}

EventReader::~EventReader() {
  stop();
}

void EventReader::start(std::string bookmark) {
  work_->start(std::move(bookmark));
}

void EventReader::stop() {
  work_->stop();
}

}  // namespace vigil::service
