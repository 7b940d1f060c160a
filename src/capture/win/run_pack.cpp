// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/utf.h"
#include "base/words.h"
#include "capture/dump_file.h"
#include "capture/win/modes.h"
#include "capture/win/supervision.h"
#include "platform/win/handle.h"
#include "platform/win/win_error.h"

namespace vigil::capture {
namespace {

/// A dump as it is on the disk.
struct Source {
  platform::FileHandle file;
  std::uint64_t size = 0;
  Timestamp written;
};

/// What \p file is now.
Status look_at(Source& source, const std::string& name) {
  BY_HANDLE_FILE_INFORMATION info{};
  if (::GetFileInformationByHandle(source.file.get(), &info) == FALSE)
    return platform::from_last_error(fmt::format("cannot read {}", name));
  if ((info.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) != 0)
    return Error{Errc::Malformed, fmt::format("{} is not a plain file", name)};
  source.size = std::uint64_t{info.nFileSizeHigh} << 32 | info.nFileSizeLow;
  source.written =
      timestamp_from_filetime(std::uint64_t{info.ftLastWriteTime.dwHighDateTime} << 32 |
                              info.ftLastWriteTime.dwLowDateTime);
  return {};
}

/// Windows may write the next one over it, and remove it, whenever it likes.
Result<Source> open_source(const std::filesystem::path& path) {
  const auto name = utf8_from_path(path);
  Source source;
  source.file = platform::FileHandle(::CreateFileW(
      path.c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
      OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN | FILE_FLAG_OPEN_REPARSE_POINT, nullptr));
  if (!source.file) return platform::from_last_error(fmt::format("cannot open {}", name));
  VIGIL_TRY(look_at(source, name));
  return source;
}

/// Whether \p source is what it was \p written as.
Status check_same(const Source& source, Timestamp written, const std::filesystem::path& path) {
  if (source.written == written) return {};
  return Error{Errc::NotFound,
               fmt::format("{} was written over by another dump", utf8_from_path(path))};
}

/// A dump of a whole machine is looked at a page here and there, and each costs its frame; readers
/// take a million frames at most.
std::size_t frame_bytes_for(std::uint64_t size) {
  constexpr std::uint64_t kSmallest = 64 << 10, kFrames = 1 << 19;
  return static_cast<std::size_t>(std::max(kSmallest, std::bit_ceil(size / kFrames)));
}

/// From \p source into \p sink; how much that was.
Result<std::uint64_t> copy(const Source& source,
                           Sink& sink,
                           const DumperConsole& console,
                           const std::stop_token& cancel) {
  std::vector<std::byte> chunk(kFrameBytes);
  for (std::uint64_t done = 0;;) {
    if (cancel.stop_requested()) return Error{Errc::Cancelled, "given up when asked to"};
    DWORD length = 0;
    if (::ReadFile(source.file.get(), chunk.data(), static_cast<DWORD>(chunk.size()), &length,
                   nullptr) == FALSE)
      return platform::from_last_error("cannot read the dump");
    if (length == 0) return done;
    VIGIL_TRY(sink.write(std::span<const std::byte>(chunk).first(length)));
    done += length;
    if (console.progress) console.progress(done, source.size);
  }
}

}  // namespace

Status run_pack(const DumperOptions& options, const DumperConsole& console) {
  // The machine has just started again and has enough to do: its disk too. Where the system does
  // not know that, it is done as everything else.
  (void)::SetPriorityClass(::GetCurrentProcess(), BELOW_NORMAL_PRIORITY_CLASS);
  (void)::SetThreadPriority(::GetCurrentThread(), THREAD_MODE_BACKGROUND_BEGIN);
  std::optional<Supervision> supervision;
  if (options.supervised) supervision.emplace();
  VIGIL_TRY_ASSIGN(auto source, open_source(options.source));
  const auto written = options.written.value_or(source.written);
  VIGIL_TRY(check_same(source, written, options.source));
  // What cannot fit is not begun: memory rarely packs to less than an eighth.
  constexpr std::uint64_t kBestPacking = 8;
  VIGIL_TRY_ASSIGN(const auto file,
                   DumpFile::create({.path = options.output,
                                     .min_free_bytes = options.min_free_disk_bytes,
                                     .expected_bytes = source.size / kBestPacking}));
  VIGIL_TRY_ASSIGN(const auto packer, make_zstd_sink(*file, frame_bytes_for(source.size)));
  VIGIL_TRY_ASSIGN(const auto bytes, copy(source, *packer, console,
                                          supervision ? supervision->token() : console.cancel));
  VIGIL_TRY(look_at(source, utf8_from_path(options.source)));
  VIGIL_TRY(check_same(source, written, options.source));
  VIGIL_TRY(packer->finish());
  VIGIL_TRY(file->commit());
  if (console.say) {
    console.say(fmt::format("{} in a file of {}", format_bytes(bytes),
                            format_bytes(file->bytes_written())));
  }
  if (console.written) console.written(options.output);
  return {};
}

}  // namespace vigil::capture
