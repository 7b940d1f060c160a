// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "bench/big_process_win.h"
#include "capture/win/nt.h"
#include "rules/rules.h"

/// The writers that are compared, and what bounds them. Each makes one dump at a path, on the disk
/// when it returns.
namespace vigil::bench {

enum class Writer { Dbghelp, Native, NativeZstd };
[[nodiscard]] std::string_view to_string(Writer writer) noexcept;

struct Measured {
  double seconds = 0;
  double suspended = 0;          ///< From before the process is stopped until after it is let go.
  double longest_pause = 0;      ///< What the process itself saw.
  std::uint64_t dump_bytes = 0;  ///< Before compression.
  std::uint64_t file_bytes = 0;
};
[[nodiscard]] Result<Measured> write_dump(const capture::Nt& nt,
                                          const BigProcess& big,
                                          Writer writer,
                                          rules::DumpKind kind,
                                          const std::filesystem::path& path);

/// Opens the dump with Vigil's reader. Full: every block is there, byte for byte, and as much
/// memory as the process has. Mini: every thread with its stack.
[[nodiscard]] Status check_dump(const std::filesystem::path& path,
                                const BigProcess& big,
                                rules::DumpKind kind);

/// What the process has, as VirtualQueryEx tells it.
struct Extent {
  std::uint64_t regions = 0;
  std::uint64_t committed_bytes = 0;
  std::uint64_t readable_bytes = 0;
};
[[nodiscard]] Extent extent_of(HANDLE process);

/// Seconds for reading all that is readable into nowhere, and for writing as much to a file and
/// flushing it.
[[nodiscard]] Result<double> time_reading(HANDLE process);
[[nodiscard]] Result<double> time_writing(std::uint64_t bytes, const std::filesystem::path& path);

}  // namespace vigil::bench
