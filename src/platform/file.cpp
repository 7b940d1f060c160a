// SPDX-License-Identifier: Apache-2.0
#include "platform/file.h"

#include <atomic>
#include <optional>
#include <system_error>
#include <utility>

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

constexpr std::string_view kPartialSuffix = ".partial";

std::filesystem::path temporary_name(const std::filesystem::path& path) {
  static std::atomic<std::uint32_t> counter{0};
  auto name = path;
  name += path_from_utf8(fmt::format(".{}-{}{}", current_process_id(), ++counter, kPartialSuffix));
  return name;
}

}  // namespace

struct PartialFile::Impl {
  std::filesystem::path target;
  TemporaryFile temporary;  // removed after the file below it is closed
  std::optional<OutputFile> output;
};

PartialFile::PartialFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PartialFile::PartialFile(PartialFile&& other) noexcept = default;
PartialFile& PartialFile::operator=(PartialFile&& other) noexcept = default;
PartialFile::~PartialFile() = default;

Result<PartialFile> PartialFile::create(const std::filesystem::path& target) {
  auto name = temporary_name(target);
  VIGIL_TRY_ASSIGN(auto output, OutputFile::create(name));
  return PartialFile(
      std::unique_ptr<Impl>(new Impl{target, TemporaryFile(std::move(name)), std::move(output)}));
}

Status PartialFile::write(std::string_view bytes) {
  VIGIL_CHECK(impl_->output.has_value());
  return impl_->output->write(bytes);
}

Status PartialFile::finish() {
  if (!impl_->output) return {};
  const auto status = impl_->output->flush();
  impl_->output.reset();
  return status;
}

Status PartialFile::keep() {
  VIGIL_TRY(finish());
  return rename_durably(path(), impl_->target);
}

const std::filesystem::path& PartialFile::path() const noexcept {
  return impl_->temporary.path();
}

void remove_abandoned_partials(const std::filesystem::path& target, std::chrono::seconds idle) {
  const auto begin = utf8_from_path(target.filename()) + ".";
  const auto now = std::filesystem::file_time_type::clock::now();
  std::error_code error;
  for (auto it = std::filesystem::directory_iterator(target.parent_path(), error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    const auto name = utf8_from_path(it->path().filename());
    if (!name.starts_with(begin) || !name.ends_with(kPartialSuffix)) continue;
    std::error_code ignored;  // another process may have removed it, or be writing it
    const auto written = it->last_write_time(ignored);
    if (!ignored && now - written > idle) std::filesystem::remove(it->path(), ignored);
  }
}

Status write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  VIGIL_TRY_ASSIGN(auto file, PartialFile::create(path));
  VIGIL_TRY(file.write(content));
  return file.keep();
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
