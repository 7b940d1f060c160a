// SPDX-License-Identifier: Apache-2.0
#include "eventlog/win/subscription.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "eventlog/eventlog.h"
#include "platform/win/text.h"
#include "platform/win/win_error.h"

namespace vigil::eventlog {
namespace {

constexpr DWORD kEventsAtOnce = 64;
constexpr DWORD kPatienceMs = 1'000;
/// UTF-16 takes two bytes where UTF-8 takes one for what events are mostly made of.
constexpr DWORD kMaxRenderedBytes = 2 * kMaxEventBytes;

/// What the documentation and the header name for a bookmark whose event is gone.
bool is_stale(DWORD error) {
  return error == ERROR_NOT_FOUND || error == ERROR_EVT_QUERY_RESULT_STALE ||
         error == ERROR_EVT_QUERY_RESULT_INVALID_POSITION;
}

Error failure(DWORD error, std::string_view what) {
  // Where the functions are there and do nothing, they say nothing either.
  if (error == ERROR_SUCCESS || error == ERROR_CALL_NOT_IMPLEMENTED)
    return {Errc::Unsupported, fmt::format("{}: it does not answer", what)};
  return platform::from_win32(error, what);
}

}  // namespace

Result<Subscription> Subscription::open(const std::string& bookmark, Microseconds back) {
  VIGIL_TRY_ASSIGN(const auto* api, wevtapi());
  // Signalled at first: what is there already need not be announced.
  platform::KernelHandle ready(::CreateEventW(nullptr, TRUE, TRUE, nullptr));
  if (!ready) return platform::from_last_error("cannot wait for events");
  EventHandle start;
  if (!bookmark.empty()) {
    start = EventHandle(api->create_bookmark(platform::wide_from_utf8(bookmark).c_str()));
    if (!start) return Error{Errc::NotFound, "the bookmark of the event log cannot be read"};
  }
  const auto query = platform::wide_from_utf8(start ? news_query() : news_query(back));
  const DWORD flags = start ? DWORD{EvtSubscribeStartAfterBookmark} | EvtSubscribeStrict
                            : DWORD{EvtSubscribeStartAtOldestRecord};
  Subscription made(*api, std::move(ready), std::move(start));
  ::SetLastError(ERROR_SUCCESS);
  made.subscription_ =
      EventHandle(api->subscribe(nullptr, made.ready_.get(), nullptr, query.c_str(),
                                 made.bookmark_.get(), nullptr, nullptr, flags));
  if (made.subscription_) return made;
  const DWORD error = ::GetLastError();
  if (made.bookmark_ && is_stale(error))
    return Error{Errc::NotFound, "the event log does not have the last event any more", error};
  return failure(error, "cannot subscribe to the event log");
}

Result<std::string> Subscription::render(EVT_HANDLE handle, EVT_RENDER_FLAGS as) {
  if (buffer_.empty()) buffer_.resize(8'192);
  for (;;) {
    DWORD used = 0, properties = 0;
    const auto bytes = static_cast<DWORD>(buffer_.size() * sizeof(wchar_t));
    if (api_->render(nullptr, handle, as, bytes, buffer_.data(), &used, &properties) != FALSE) {
      const std::size_t units = std::min(used / sizeof(wchar_t), buffer_.size());
      std::wstring_view text(buffer_.data(), units);
      return platform::utf8_from_wide(text.substr(0, text.find(L'\0')));
    }
    const DWORD error = ::GetLastError();
    if (error != ERROR_INSUFFICIENT_BUFFER || used <= bytes)
      return failure(error, "cannot read an event");
    if (used > kMaxRenderedBytes)
      return Error{Errc::LimitExceeded, fmt::format("an event has {} bytes", used)};
    buffer_.resize(used / sizeof(wchar_t) + 1);
  }
}

Result<Subscription::Batch> Subscription::next() {
  // First, so that whatever comes after the last answer is announced anew.
  ::ResetEvent(ready_.get());
  std::array<EVT_HANDLE, kEventsAtOnce> raw{};
  DWORD count = 0;
  if (api_->next(subscription_.get(), kEventsAtOnce, raw.data(), kPatienceMs, 0, &count) == FALSE) {
    const DWORD error = ::GetLastError();
    if (error == ERROR_NO_MORE_ITEMS) return Batch{};
    if (error == ERROR_TIMEOUT) {
      // It is still looking, and will not announce again what it finds.
      ::SetEvent(ready_.get());
      return Batch{};
    }
    if (is_stale(error))
      return Error{Errc::NotFound, "the event log does not have the last event any more", error};
    return failure(error, "cannot read the event log");
  }
  std::vector<EventHandle> events;
  events.reserve(count);
  for (DWORD i = 0; i < count; ++i) events.emplace_back(raw[i]);
  Batch batch;
  for (const auto& event : events) {
    auto xml = render(event.get(), EvtRenderEventXml);
    if (xml.ok()) {
      batch.events.push_back(std::move(xml).take());
    } else {
      ++batch.unreadable;
    }
  }
  if (events.empty()) return batch;
  if (!bookmark_) bookmark_ = EventHandle(api_->create_bookmark(nullptr));
  // Each, since a bookmark keeps a place in every log.
  for (const auto& event : events) {
    if (!bookmark_ || api_->update_bookmark(bookmark_.get(), event.get()) == FALSE)
      return failure(::GetLastError(), "cannot note how far the event log was read");
  }
  VIGIL_TRY_ASSIGN(batch.bookmark, render(bookmark_.get(), EvtRenderBookmark));
  // There may be more than fit into one answer.
  ::SetEvent(ready_.get());
  return batch;
}

}  // namespace vigil::eventlog
