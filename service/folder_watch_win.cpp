// SPDX-License-Identifier: Apache-2.0
#include "folder_watch.h"

#include <utility>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/utf.h"
#include "platform/win/win_error.h"

namespace asio = boost::asio;

namespace vigil::service {

FolderWatch::FolderWatch(const asio::any_io_executor& executor,
                         platform::FileHandle folder,
                         platform::KernelHandle event)
    : folder_(std::move(folder)), event_(executor, event.release()) {}

Result<std::unique_ptr<FolderWatch>> FolderWatch::open(const asio::any_io_executor& executor,
                                                       const std::filesystem::path& path) {
  platform::FileHandle folder(::CreateFileW(
      path.c_str(), FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
      nullptr, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, nullptr));
  platform::KernelHandle event(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  if (!folder || !event) {
    return platform::from_last_error(fmt::format("cannot watch {}", utf8_from_path(path)));
  }
  std::unique_ptr<FolderWatch> watch(
      new FolderWatch(executor, std::move(folder), std::move(event)));
  if (!watch->request()) {
    return platform::from_last_error(fmt::format("cannot watch {}", utf8_from_path(path)));
  }
  return watch;
}

FolderWatch::~FolderWatch() {
  close();
}

bool FolderWatch::request() {
  overlapped_ = {};
  overlapped_.hEvent = event_.native_handle();
  pending_ = ::ReadDirectoryChangesW(
                 folder_.get(), buffer_.data(), static_cast<DWORD>(buffer_.size()), FALSE,
                 FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_SIZE |
                     FILE_NOTIFY_CHANGE_LAST_WRITE | FILE_NOTIFY_CHANGE_SECURITY,
                 nullptr, &overlapped_, nullptr) != FALSE;
  return pending_;
}

asio::awaitable<bool> FolderWatch::changed() {
  if (!pending_) co_return false;
  const auto [error] = co_await event_.async_wait(asio::as_tuple(asio::use_awaitable));
  if (error) co_return false;
  pending_ = false;
  ::ResetEvent(event_.native_handle());
  (void)request();  // without it the next wait says that the watch is closed
  co_return true;
}

void FolderWatch::close() {
  if (!event_.is_open()) return;
  if (pending_) {
    // The system writes into the buffer until it has said that it will not.
    DWORD unused = 0;
    ::CancelIoEx(folder_.get(), &overlapped_);
    ::GetOverlappedResult(folder_.get(), &overlapped_, &unused, TRUE);
    pending_ = false;
  }
  boost::system::error_code ignored;  // closing a valid handle does not fail
  event_.close(ignored);
}

}  // namespace vigil::service
