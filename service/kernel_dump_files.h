// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "kernel_dumps.h"

namespace vigil::service {

/// Where Windows writes dumps of its kernel: HKLM\SYSTEM\CurrentControlSet\Control\CrashControl,
/// with Windows' own defaults for what does not stand there. An empty path: nowhere that can be
/// looked at.
struct CrashControl {
  std::filesystem::path memory_dump;   ///< `DumpFile`
  std::filesystem::path small_dumps;   ///< `MinidumpDir`
  std::filesystem::path live_reports;  ///< `LiveKernelReports\LiveKernelReportsPath`
};
[[nodiscard]] CrashControl read_crash_control();

/// Of each folder at most so many, the newest.
inline constexpr std::size_t kMaxKernelDumpsOfFolder = 100;

/// Whether nobody writes to the file any more, and it is what was found.
[[nodiscard]] bool is_complete(const KernelDumpFile& dump);

/// The dumps that lie there. A folder that is not there has none.
[[nodiscard]] std::vector<KernelDumpFile> find_kernel_dumps(const CrashControl& where);

}  // namespace vigil::service
