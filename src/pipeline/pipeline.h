// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/result.h"
#include "report/report.h"
#include "symbols/symbols.h"

/// One dump of a process or a whole machine in, one report out: reads, walks, names, analyzes. It
/// is what `vigil analyze` does, in the service's sandbox too.
///
/// The dump is hostile. What it costs is bounded by Limits, whatever it holds: work that does not
/// fit is left out, and the report is `partial` and says so in its diagnostics. Images come from
/// the dump or from local files; the network is never used. One analysis runs on one thread, many
/// on many.
namespace vigil::pipeline {

/// Bounds that keep any analysis within 10 seconds of processor time and 256 MiB. Those of the
/// report hold as well. Times are processor time, so that a report does not depend on what else the
/// machine does, without what is spent on the indexes of symbol files, which is spent once; whoever
/// has slow disks waits five times as long at most.
struct Limits {
  std::size_t max_threads = 2048;
  std::size_t max_frames_per_thread = 256;
  std::size_t max_frames = report::kMaxFrames;  ///< Of all threads together.
  /// From the start of the first walk: when no thread is walked or named any more.
  std::chrono::milliseconds time{4000};
  /// The same for the thread of the exception, which is the first.
  std::chrono::milliseconds crashed_thread_time{6000};
  /// Of all modules together: functions and names in the export tables that are read.
  std::size_t max_export_entries = std::size_t{1} << 20;
  /// Of names and other text taken over from the dump.
  std::size_t max_text_bytes = std::size_t{3} << 20;
  /// Of all samples together; each has the same share of it.
  std::chrono::milliseconds samples_time{2500};
  std::uint64_t max_unpacked_bytes_of_sample = std::uint64_t{32} << 20;
  /// Of a compressed dump; what is unpacked stays in memory.
  std::uint64_t max_unpacked_bytes = std::uint64_t{128} << 20;
  /// When not null, asked once of a dump that is compressed: the larger of both holds.
  std::uint64_t (*more_unpacked_bytes)() = nullptr;
};

/// One more dump of a process that lived on, after the one that is analyzed.
struct Sample {
  std::string name{};  ///< For messages.
  /// What it is read from: the file, or an inherited handle, which is taken over.
  std::filesystem::path file{};
  std::optional<std::uintptr_t> handle{};
};
inline constexpr std::size_t kMaxSamples = 9;  ///< Besides the dump; more are left out.

/// Errc::NotFound, AccessDenied, Busy, Unsupported (an encrypted dump, another kind of file),
/// Malformed (no dump, a folder, an empty file), Io. Messages name the file. Images and symbols
/// that the dump does not have itself come from \p library; what was opened there stays open for
/// the next dump. What \p samples show of the threads goes into the report; one that cannot be read
/// costs a diagnostic.
[[nodiscard]] Result<report::Report> analyze(const std::filesystem::path& file,
                                             symbols::Library& library,
                                             const Limits& limits = {},
                                             const std::vector<Sample>& samples = {});

/// The same over an inherited handle (Windows HANDLE or POSIX descriptor) that this takes over.
/// Messages name \p name.
[[nodiscard]] Result<report::Report> analyze_handle(std::uintptr_t handle,
                                                    const std::string& name,
                                                    symbols::Library& library,
                                                    const Limits& limits = {},
                                                    const std::vector<Sample>& samples = {});

/// The same over a file that is open already.
[[nodiscard]] Result<report::Report> analyze(std::unique_ptr<ByteSource> dump,
                                             symbols::Library& library,
                                             const Limits& limits = {},
                                             const std::vector<Sample>& samples = {});

}  // namespace vigil::pipeline
