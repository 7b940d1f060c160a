// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_source.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

/// The operating system as Vigil needs it on Linux and on Windows alike: files, mapped files,
/// folders. What only Windows has (service control, registry, child processes in a sandbox, the
/// process table) is in platform/win/*.h, which only Windows code includes. Paths are
/// std::filesystem::path from native strings or path_from_utf8(). Nothing here logs; messages name
/// the path.
namespace vigil::platform {

/// A read-only mapping of a whole file. Pages come in when touched. A file that shrinks under the
/// mapping cannot be defended against on Linux (SIGBUS); on Windows the mapping forbids it.
class MappedFile final : public ByteSource {
 public:
  /// Errc::NotFound, AccessDenied, Busy (locked by another process), Malformed (a folder), Io.
  [[nodiscard]] static Result<std::unique_ptr<MappedFile>> open(const std::filesystem::path& path);
  /// The same over an inherited handle (Windows HANDLE or POSIX descriptor) that this takes over.
  [[nodiscard]] static Result<std::unique_ptr<MappedFile>> from_native_handle(
      std::uintptr_t handle);
  ~MappedFile() override;

  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  [[nodiscard]] Result<ByteView> view(std::uint64_t offset, std::uint64_t size) override {
    return bytes_.slice(offset, size);
  }
  void expect_sparse_reads() noexcept override;
  void prefetch(std::uint64_t offset, std::uint64_t size) noexcept override;
  [[nodiscard]] ByteView bytes() const noexcept { return bytes_; }
  /// When the file was last written to, in nanoseconds of whatever epoch the system counts from:
  /// only good for telling whether it is still the same file.
  [[nodiscard]] std::int64_t modified_ns() const noexcept { return modified_ns_; }

 private:
  MappedFile(ByteView bytes, std::int64_t modified_ns) : bytes_(bytes), modified_ns_(modified_ns) {}
  ByteView bytes_;
  std::int64_t modified_ns_;
};

/// A file of which mostly little is read, here and there. The first reads ask the system: for some
/// lines of a large file that costs a fifth of what a mapping does, around each of whose faults the
/// system fills in pages and later takes them away. A file that is read often is mapped.
class OnDemandFile {
 public:
  /// As MappedFile::open().
  [[nodiscard]] static Result<OnDemandFile> open(const std::filesystem::path& path);
  OnDemandFile(OnDemandFile&& other) noexcept;
  OnDemandFile& operator=(OnDemandFile&& other) noexcept;
  ~OnDemandFile();

  [[nodiscard]] std::uint64_t size() const noexcept;
  /// As MappedFile::modified_ns().
  [[nodiscard]] std::int64_t modified_ns() const noexcept;

  /// What there is of those bytes, until the next call: fewer at the end, and where the file cannot
  /// be read.
  [[nodiscard]] ByteView view(std::uint64_t offset, std::size_t size);
  /// The whole file, mapped from here on.
  [[nodiscard]] Result<ByteView> bytes();

 private:
  struct Impl;
  explicit OnDemandFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The whole file as bytes of no particular encoding; Errc::LimitExceeded above \p limit bytes.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit);

/// Replaces \p path by \p content, or leaves it as it was: written under a temporary name in the
/// same folder, flushed to the disk, renamed. Errc::DiskFull when there is no space.
[[nodiscard]] Status write_file_atomically(const std::filesystem::path& path,
                                           std::string_view content);

/// A file that comes into being: written beside its target under a temporary name, which the
/// destructor removes unless keep() has given it the target's.
class PartialFile {
 public:
  /// The folder must be there. The temporary name is one that no other process uses.
  [[nodiscard]] static Result<PartialFile> create(const std::filesystem::path& target);
  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&& other) noexcept;
  ~PartialFile();

  /// Errc::DiskFull when there is no space.
  [[nodiscard]] Status write(std::string_view bytes);
  /// Flushes to the disk and closes: what was written can be read under path() from here on.
  [[nodiscard]] Status finish();
  /// Finishes, then replaces the target.
  [[nodiscard]] Status keep();
  [[nodiscard]] const std::filesystem::path& path() const noexcept;

 private:
  struct Impl;
  explicit PartialFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Removes what a PartialFile of \p target left behind when its process was killed: nobody has
/// written to it for longer than \p idle.
void remove_abandoned_partials(const std::filesystem::path& target, std::chrono::seconds idle);

/// Takes bytes as they come; its error ends whoever sends them.
using ByteSink = std::function<Status(std::string_view)>;

/// Unpacks a cabinet of one file, as symbol stores and installers have them, into \p sink; the
/// file's size. Errc::Malformed when it is no cabinet, is damaged or has not exactly one file;
/// Errc::LimitExceeded when that has more than \p limit bytes. What had come until then has gone to
/// the sink.
[[nodiscard]] Result<std::uint64_t> expand_cabinet(ByteView cabinet,
                                                   std::uint64_t limit,
                                                   const ByteSink& sink);

/// Renames within one volume, replacing \p to, and makes the rename last (flushes the folder where
/// the system can).
[[nodiscard]] Status rename_durably(const std::filesystem::path& from,
                                    const std::filesystem::path& to);

/// Creates the folder and its parents; an existing folder is fine, an existing file is not.
[[nodiscard]] Status create_folders(const std::filesystem::path& path);

/// Bytes free for this user on the volume of \p path.
[[nodiscard]] Result<std::uint64_t> free_disk_bytes(const std::filesystem::path& path);

/// The folder of settings, rules, store and dumps when nobody names another: %ProgramData%\Vigil
/// (asked from the shell's known folders, not from the environment), $XDG_STATE_HOME/vigil on
/// Linux.
[[nodiscard]] Result<std::filesystem::path> default_data_folder();

/// The folder for what this user may lose at any time: %LOCALAPPDATA%\\Vigil (from the shell's
/// known folders), $XDG_CACHE_HOME/vigil on Linux.
[[nodiscard]] Result<std::filesystem::path> default_cache_folder();

/// How much memory programs can still get without others losing theirs, in bytes; 0 where the
/// system does not tell.
[[nodiscard]] std::uint64_t available_memory_bytes();

/// What the calling thread has used of the processors since it began: zero where the system does
/// not tell. Windows counts in steps of some 16 ms.
[[nodiscard]] std::chrono::nanoseconds thread_processor_time();

/// The full path of this program's file.
[[nodiscard]] Result<std::filesystem::path> current_program();

/// Whether standard output (or standard error) is a terminal that understands colours.
[[nodiscard]] bool stdout_is_terminal();
[[nodiscard]] bool stderr_is_terminal();

}  // namespace vigil::platform
