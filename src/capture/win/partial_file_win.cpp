// SPDX-License-Identifier: Apache-2.0
#include "capture/win/windows.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "capture/dump_file.h"
#include "platform/win/win_error.h"

namespace vigil::capture {
namespace {

constexpr std::size_t kMaxWriteBytes = 16 << 20;  // WriteFile takes a DWORD.

HANDLE as_handle(std::intptr_t value) {
  return reinterpret_cast<HANDLE>(value);
}

Error last_error(const char* what, const std::filesystem::path& path) {
  return platform::from_last_error(fmt::format("cannot {} {}", what, utf8_from_path(path)));
}

/// Whether the system deletes the file when its last handle is closed, however this program ends.
bool delete_on_close(HANDLE file, bool wanted) {
  FILE_DISPOSITION_INFO info{.DeleteFile = static_cast<BOOLEAN>(wanted ? TRUE : FALSE)};
  return ::SetFileInformationByHandle(file, FileDispositionInfo, &info, sizeof(info)) != FALSE;
}

}  // namespace

Result<PartialFile> PartialFile::create(const std::filesystem::path& path) {
  (void)::DeleteFileW(path.c_str());  // One that a killed dumper left; what stays fails below.
  HANDLE file =
      ::CreateFileW(path.c_str(), GENERIC_READ | GENERIC_WRITE | DELETE, 0, nullptr, CREATE_NEW,
                    FILE_ATTRIBUTE_NORMAL | FILE_FLAG_SEQUENTIAL_SCAN, nullptr);
  if (file == INVALID_HANDLE_VALUE) return last_error("create", path);
  (void)delete_on_close(file,
                        true);  // A file system without it: the destructor deletes, a kill leaves.
  return PartialFile(reinterpret_cast<std::intptr_t>(file), path);
}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : handle_(std::exchange(other.handle_, kClosed)), path_(std::move(other.path_)) {}

PartialFile::~PartialFile() {
  discard();
}

Status PartialFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    DWORD written = 0;
    const auto size = static_cast<DWORD>(std::min(bytes.size(), kMaxWriteBytes));
    if (::WriteFile(as_handle(handle_), bytes.data(), size, &written, nullptr) == FALSE) {
      return last_error("write", path_);
    }
    bytes = bytes.subspan(written);
  }
  return {};
}

Status PartialFile::read_at(std::uint64_t offset, std::span<std::byte> out) {
  // Reading moves the place at which writing goes on.
  constexpr LARGE_INTEGER kHere{};
  LARGE_INTEGER end{};
  if (::SetFilePointerEx(as_handle(handle_), kHere, &end, FILE_END) == FALSE)
    return last_error("read", path_);
  const auto total = static_cast<std::uint64_t>(end.QuadPart);
  if (offset > total || out.size() > total - offset)
    return Error{Errc::Truncated, "read behind the end of " + utf8_from_path(path_)};
  LARGE_INTEGER start{};
  start.QuadPart = static_cast<LONGLONG>(offset);
  if (::SetFilePointerEx(as_handle(handle_), start, nullptr, FILE_BEGIN) == FALSE)
    return last_error("read", path_);
  while (!out.empty()) {
    DWORD done = 0;
    const auto size = static_cast<DWORD>(std::min(out.size(), kMaxWriteBytes));
    if (::ReadFile(as_handle(handle_), out.data(), size, &done, nullptr) == FALSE || done == 0)
      return last_error("read", path_);
    out = out.subspan(done);
  }
  if (::SetFilePointerEx(as_handle(handle_), end, nullptr, FILE_BEGIN) == FALSE)
    return last_error("read", path_);
  return {};
}

Status PartialFile::keep() {
  if (::FlushFileBuffers(as_handle(handle_)) == FALSE) return last_error("flush", path_);
  if (!delete_on_close(as_handle(handle_), false)) return last_error("keep", path_);
  ::CloseHandle(as_handle(std::exchange(handle_, kClosed)));
  return {};
}

void PartialFile::discard() noexcept {
  if (handle_ == kClosed) return;
  ::CloseHandle(as_handle(std::exchange(handle_, kClosed)));
  ::DeleteFileW(path_.c_str());  // Gone already where the system was told.
}

}  // namespace vigil::capture
