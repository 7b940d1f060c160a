// SPDX-License-Identifier: Apache-2.0
#include "platform/file.h"

#include <atomic>
#include <system_error>

#include <fmt/format.h>

#include "base/utf.h"
#include "platform/platform.h"

namespace vigil::platform {
namespace {

/// Removes a temporary file unless it was renamed away.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::filesystem::path path) : path_(std::move(path)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    std::error_code ignored;  // it may be gone already, which is what is wanted
    std::filesystem::remove(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

std::filesystem::path temporary_name(const std::filesystem::path& path) {
  static std::atomic<std::uint32_t> counter{0};
  auto name = path;
  name += path_from_utf8(fmt::format(".{}-{}.partial", current_process_id(), ++counter));
  return name;
}

}  // namespace

Status write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  const TemporaryFile temporary(temporary_name(path));
  {
    VIGIL_TRY_ASSIGN(auto file, OutputFile::create(temporary.path()));
    VIGIL_TRY(file.write(content));
    VIGIL_TRY(file.flush());
  }
  return rename_durably(temporary.path(), path);
}

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit) {
  VIGIL_TRY_ASSIGN(const auto file, MappedFile::open(path));
  if (file->size() > limit) {
    return Error{Errc::LimitExceeded, fmt::format("{}: {} bytes, and the limit is {}",
                                                  utf8_from_path(path), file->size(), limit)};
  }
  return std::string(file->bytes().text());
}

Status create_folders(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    const auto code = error == std::errc::permission_denied    ? Errc::AccessDenied
                      : error == std::errc::no_space_on_device ? Errc::DiskFull
                                                               : Errc::Io;
    return Error{
        code, fmt::format("cannot create the folder {}: {}", utf8_from_path(path), error.message()),
        static_cast<std::uint32_t>(error.value())};
  }
  if (!std::filesystem::is_directory(path, error)) {
    return Error{Errc::Malformed, fmt::format("{} is not a folder", utf8_from_path(path))};
  }
  return {};
}

Result<std::uint64_t> free_disk_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const auto space = std::filesystem::space(path, error);
  if (error) {
    return Error{
        Errc::Io,
        fmt::format("cannot ask for free space on {}: {}", utf8_from_path(path), error.message()),
        static_cast<std::uint32_t>(error.value())};
  }
  return static_cast<std::uint64_t>(space.available);
}

}  // namespace vigil::platform
