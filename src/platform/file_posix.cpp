// SPDX-License-Identifier: Apache-2.0
#include "platform/file.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf.h"
#include "platform/platform.h"
#include "platform/posix_error.h"

namespace vigil::platform {
namespace {

Errc errc_from_errno(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR: return Errc::NotFound;
    case EACCES:
    case EPERM:
    case EROFS: return Errc::AccessDenied;
    case EBUSY:
    case ETXTBSY:
    case EAGAIN: return Errc::Busy;
    case EISDIR: return Errc::Malformed;
    case ENOSPC:
    case EDQUOT: return Errc::DiskFull;
    default: return Errc::Io;
  }
}

}  // namespace

Error from_errno(std::string_view what) {
  const int number = errno;
  return {errc_from_errno(number),
          fmt::format("{}: {}", what, std::generic_category().message(number)),
          static_cast<std::uint32_t>(number)};
}

Result<OutputFile> OutputFile::create(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (descriptor < 0) return from_errno(fmt::format("cannot create {}", utf8_from_path(path)));
  return OutputFile(descriptor, path);
}

Status OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(static_cast<int>(handle_), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return from_errno(fmt::format("cannot write {}", utf8_from_path(path_)));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status OutputFile::flush() {
  if (::fsync(static_cast<int>(handle_)) != 0) {
    return from_errno(fmt::format("cannot flush {}", utf8_from_path(path_)));
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
  if (handle_ != kClosed)
    (void)::close(static_cast<int>(handle_));  // flush() is where failure counts
  handle_ = kClosed;
}

Status rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return from_errno(
        fmt::format("cannot rename {} to {}", utf8_from_path(from), utf8_from_path(to)));
  }
  const auto folder = to.has_parent_path() ? to.parent_path() : std::filesystem::path(".");
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return from_errno(fmt::format("cannot open {}", utf8_from_path(folder)));
  const int result = ::fsync(descriptor);
  const auto failure =
      result != 0 ? Status(from_errno(fmt::format("cannot flush {}", utf8_from_path(folder))))
                  : Status();
  (void)::close(descriptor);  // nothing was written through it
  return failure;
}

std::uint32_t current_process_id() noexcept {
  return static_cast<std::uint32_t>(::getpid());
}

}  // namespace vigil::platform
