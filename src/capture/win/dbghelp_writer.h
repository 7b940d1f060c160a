// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture/win/windows.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "capture/dump_content.h"
#include "capture/dump_stream.h"
#include "capture/win/target_process.h"

namespace vigil::capture {

struct DbghelpRequest {
  std::uint32_t mask = 0;  ///< MINIDUMP_TYPE.
  /// With its context.
  std::optional<ExceptionContent> exception{};
  std::u16string comment{};
  HANDLE file = nullptr;             ///< Empty, open for reading and writing.
  std::filesystem::path folder{};    ///< Where it lies.
  std::uint64_t min_free_bytes = 0;  ///< Errc::DiskFull soon after less than this is left there.
  std::uint64_t expected_bytes = 0;  ///< What progress is told against; 0: not known, and none is.
  WriteControl control{};
};

struct WrittenByDbghelp {
  std::uint64_t bytes = 0;
  std::size_t threads = 0;
  std::size_t modules = 0;
};

/// A dump by Windows' own MiniDumpWriteDump, which is loaded for it. It reads the process by
/// itself: the breakpoints of an exit trap are in it. Errc::Cancelled when asked to stop;
/// Unsupported: this system has no such function.
[[nodiscard]] Result<WrittenByDbghelp> write_by_dbghelp(const TargetProcess& process,
                                                        const DbghelpRequest& request);

}  // namespace vigil::capture
