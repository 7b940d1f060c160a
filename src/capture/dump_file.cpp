// SPDX-License-Identifier: Apache-2.0
#include "capture/dump_file.h"

#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "capture/capture.h"
#include "platform/platform.h"

namespace vigil::capture {
namespace {

constexpr std::size_t kBufferBytes = 1 << 20;
/// Free space is asked for again after each so many bytes: often enough for the floor to hold.
constexpr std::uint64_t kSpaceCheckBytes = 16 << 20;

std::filesystem::path partial_path(const std::filesystem::path& path) {
  auto name = path;
  name += path_from_utf8(kPartialSuffix);
  return name;
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

Error name_taken(const std::filesystem::path& path) {
  return {Errc::Busy,
          fmt::format("{}: there is a file of that name already", utf8_from_path(path))};
}

/// Whether \p wanted more bytes may be written to the volume of \p path.
Status check_space(const DumpFile::Options& options, std::uint64_t wanted) {
  if (options.min_free_bytes == 0 && wanted == 0) return {};
  VIGIL_TRY_ASSIGN(const auto free, platform::free_disk_bytes(folder_of(options.path)));
  if (free >= wanted && free - wanted >= options.min_free_bytes) return {};
  return Error{Errc::DiskFull,
               fmt::format("{}: {} bytes are free, {} are to be written and {} are to stay free",
                           utf8_from_path(options.path), free, wanted, options.min_free_bytes)};
}

}  // namespace

DumpFile::DumpFile(Options options, PartialFile file)
    : options_(std::move(options)), file_(std::move(file)), next_space_check_(kSpaceCheckBytes) {
  buffer_.reserve(kBufferBytes);
}

Result<std::unique_ptr<DumpFile>> DumpFile::create(const Options& options) {
  std::error_code
      ignored;  // a path that cannot be asked about cannot be created either, and says why
  if (std::filesystem::exists(options.path, ignored)) return name_taken(options.path);
  VIGIL_TRY(check_space(options, options.expected_bytes));
  VIGIL_TRY_ASSIGN(auto file, PartialFile::create(partial_path(options.path)));
  return std::unique_ptr<DumpFile>(new DumpFile(options, std::move(file)));
}

Status DumpFile::write(std::span<const std::byte> bytes) {
  bytes_written_ += bytes.size();
  if (buffer_.size() + bytes.size() > kBufferBytes) VIGIL_TRY(flush());
  if (bytes.size() >= kBufferBytes) return file_.write(bytes);
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return {};
}

Status DumpFile::flush() {
  if (bytes_written_ >= next_space_check_) {
    next_space_check_ = bytes_written_ + kSpaceCheckBytes;
    VIGIL_TRY(check_space(options_, buffer_.size()));
  }
  VIGIL_TRY(file_.write(buffer_));
  buffer_.clear();
  return {};
}

Status DumpFile::finish() {
  return flush();
}

Status DumpFile::commit() {
  std::error_code ignored;
  if (std::filesystem::exists(options_.path, ignored)) return name_taken(options_.path);
  VIGIL_TRY(file_.keep());
  const auto partial = partial_path(options_.path);
  auto renamed = platform::rename_durably(partial, options_.path);
  if (!renamed.ok()) std::filesystem::remove(partial, ignored);
  return renamed;
}

}  // namespace vigil::capture
