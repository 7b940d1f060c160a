// SPDX-License-Identifier: Apache-2.0
#include "platform/file.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <windows.h>

#include "base/utf.h"
#include "platform/platform.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

/// WriteFile takes a DWORD; chunks of this size also keep one call short.
constexpr std::size_t kMaxWriteBytes = std::size_t{16} << 20;

HANDLE as_handle(std::intptr_t value) {
  return reinterpret_cast<HANDLE>(value);
}

}  // namespace

Result<OutputFile> OutputFile::create(const std::filesystem::path& path) {
  HANDLE handle = ::CreateFileW(path.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_ALWAYS,
                                FILE_ATTRIBUTE_NORMAL, nullptr);
  if (handle == INVALID_HANDLE_VALUE)
    return from_last_error(fmt::format("cannot create {}", utf8_from_path(path)));
  return OutputFile(reinterpret_cast<std::intptr_t>(handle), path);
}

Status OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    DWORD written = 0;
    const auto size = static_cast<DWORD>(std::min(bytes.size(), kMaxWriteBytes));
    if (::WriteFile(as_handle(handle_), bytes.data(), size, &written, nullptr) == FALSE) {
      return from_last_error(fmt::format("cannot write {}", utf8_from_path(path_)));
    }
    bytes.remove_prefix(written);
  }
  return {};
}

Status OutputFile::flush() {
  if (::FlushFileBuffers(as_handle(handle_)) == FALSE) {
    return from_last_error(fmt::format("cannot flush {}", utf8_from_path(path_)));
  }
  return {};
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : handle_(std::exchange(other.handle_, kClosed)), path_(std::move(other.path_)) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  if (this != &other) {
    close();
    handle_ = std::exchange(other.handle_, kClosed);
    path_ = std::move(other.path_);
  }
  return *this;
}

OutputFile::~OutputFile() {
  close();
}

void OutputFile::close() noexcept {
  if (handle_ != kClosed) ::CloseHandle(as_handle(handle_));
  handle_ = kClosed;
}

Status rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::MoveFileExW(from.c_str(), to.c_str(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) ==
      FALSE) {
    return from_last_error(
        fmt::format("cannot rename {} to {}", utf8_from_path(from), utf8_from_path(to)));
  }
  return {};
}

std::uint32_t current_process_id() noexcept {
  return ::GetCurrentProcessId();
}

}  // namespace vigil::platform
