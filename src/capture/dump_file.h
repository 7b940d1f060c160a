// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "capture/sink.h"

namespace vigil::capture {

/// A file that is being made under a temporary name. Unless keep() was called it is deleted with
/// this object; on Windows also when the program is killed, since the system itself has been told.
class PartialFile {
 public:
  /// Creates \p path; what an earlier program left there is removed first, never written into.
  [[nodiscard]] static Result<PartialFile> create(const std::filesystem::path& path);
  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&& other) noexcept = delete;
  ~PartialFile();

  [[nodiscard]] Status write(std::span<const std::byte> bytes);
  /// Reads all of \p out back from \p offset on; what is written next still goes to the end.
  [[nodiscard]] Status read_at(std::uint64_t offset, std::span<std::byte> out);
  /// What the system knows it by, for those who write into it by themselves.
  [[nodiscard]] std::intptr_t native_handle() const noexcept { return handle_; }
  /// Flushes to the disk, and closes; the file stays.
  [[nodiscard]] Status keep();

 private:
  PartialFile(std::intptr_t handle, std::filesystem::path path)
      : handle_(handle), path_(std::move(path)) {}
  void discard() noexcept;

  static constexpr std::intptr_t kClosed = -1;
  std::intptr_t handle_;
  std::filesystem::path path_;
};

/// The end of the chain: `<path>.partial` until commit() gives it its name. Nothing is left behind
/// otherwise.
class DumpFile final : public Sink {
 public:
  struct Options {
    std::filesystem::path path;
    std::uint64_t min_free_bytes = 0;  ///< Errc::DiskFull before less than this would be left.
    std::uint64_t expected_bytes = 0;  ///< Known size, or 0: refuse at once what cannot fit.
  };
  [[nodiscard]] static Result<std::unique_ptr<DumpFile>> create(const Options& options);

  [[nodiscard]] Status write(std::span<const std::byte> bytes) override;
  [[nodiscard]] Status finish() override;
  /// Under its final name, lastingly. Replaces nothing: Errc::Busy when that name is taken by now.
  [[nodiscard]] Status commit();
  [[nodiscard]] std::uint64_t bytes_written() const noexcept { return bytes_written_; }

 private:
  DumpFile(Options options, PartialFile file);
  [[nodiscard]] Status flush();

  Options options_;
  PartialFile file_;
  std::vector<std::byte> buffer_;
  std::uint64_t bytes_written_ = 0;
  std::uint64_t next_space_check_ = 0;
};

}  // namespace vigil::capture
