// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/windows/object_handle.hpp>

#include "base/result.h"
#include "platform/win/handle.h"

namespace vigil::service {

/// Tells that something in a folder was made, renamed, removed or written; what it was, a look at
/// the folder tells. Changes between two waits are not lost.
class FolderWatch {
 public:
  [[nodiscard]] static Result<std::unique_ptr<FolderWatch>> open(
      const boost::asio::any_io_executor& executor, const std::filesystem::path& folder);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  /// True: something changed. False: the watch was closed.
  [[nodiscard]] boost::asio::awaitable<bool> changed();
  /// Ends a wait; nothing comes after it.
  void close();

 private:
  FolderWatch(const boost::asio::any_io_executor& executor,
              platform::FileHandle folder,
              platform::KernelHandle event);
  [[nodiscard]] bool request();

  platform::FileHandle folder_;
  boost::asio::windows::object_handle event_;
  OVERLAPPED overlapped_{};
  bool pending_ = false;
  // What changed is not read, but the system wants a place for it.
  alignas(DWORD) std::array<std::byte, 1024> buffer_{};
};

}  // namespace vigil::service
