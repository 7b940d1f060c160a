// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/utf.h"
#include "capture/dump_file.h"

namespace vigil::capture {
namespace {

constexpr int kMode = 0600;  // A dump holds secrets.

Error from_errno(const char* what, const std::filesystem::path& path) {
  const int number = errno;
  const auto code = number == ENOSPC || number == EDQUOT  ? Errc::DiskFull
                    : number == EACCES || number == EPERM ? Errc::AccessDenied
                    : number == ENOENT                    ? Errc::NotFound
                    : number == EEXIST                    ? Errc::Busy
                                                          : Errc::Io;
  return {code,
          fmt::format("cannot {} {}: {}", what, utf8_from_path(path),
                      std::generic_category().message(number)),
          static_cast<std::uint32_t>(number)};
}

}  // namespace

Result<PartialFile> PartialFile::create(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return from_errno("replace", path);
  const int descriptor =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (descriptor < 0) return from_errno("create", path);
  return PartialFile(descriptor, path);
}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : handle_(std::exchange(other.handle_, kClosed)), path_(std::move(other.path_)) {}

PartialFile::~PartialFile() {
  discard();
}

Status PartialFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(static_cast<int>(handle_), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return from_errno("write", path_);
    if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status PartialFile::read_at(std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const auto done =
        ::pread(static_cast<int>(handle_), out.data(), out.size(), static_cast<::off_t>(offset));
    if (done < 0 && errno != EINTR) return from_errno("read", path_);
    if (done == 0) return Error{Errc::Truncated, "read behind the end of " + utf8_from_path(path_)};
    if (done < 0) continue;
    offset += static_cast<std::uint64_t>(done);
    out = out.subspan(static_cast<std::size_t>(done));
  }
  return {};
}

Status PartialFile::keep() {
  if (::fsync(static_cast<int>(handle_)) != 0) return from_errno("flush", path_);
  (void)::close(
      static_cast<int>(std::exchange(handle_, kClosed)));  // fsync was where failure counts
  return {};
}

void PartialFile::discard() noexcept {
  if (handle_ == kClosed) return;
  (void)::unlink(path_.c_str());  // nothing more can be done about a file that stays
  (void)::close(static_cast<int>(handle_));
  handle_ = kClosed;
}

}  // namespace vigil::capture
