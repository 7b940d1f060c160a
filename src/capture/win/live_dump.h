// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture/win/windows.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "base/time.h"
#include "capture/dump_stream.h"
#include "capture/win/nt.h"
#include "capture/win/target_process.h"
#include "rules/rules.h"

namespace vigil::capture {

struct DumpRequest {
  rules::DumpKind kind = rules::DumpKind::Mini;
  rules::Manner manner{};
  /// What the dump is about. Its context may be empty: then the thread's own stands in.
  std::optional<ExceptionContent> exception{};
  /// A debug event holds the process: it need not be suspended.
  bool held = false;
  std::string comment{};  ///< UTF-8, into the dump's comment stream.
  std::filesystem::path path{};
  bool compress = true;
  std::uint64_t min_free_bytes = 0;
  WriteControl control{};
};

struct LiveDump {
  StreamedDump streamed;
  std::uint64_t file_bytes = 0;
  std::size_t threads = 0;
  std::size_t modules = 0;
  Microseconds
      suspended{};  ///< How long the process stood still for it; held: until its memory was read.
  Microseconds total{};
  Diagnostics diagnostics;
};

/// Writes one dump of \p process, which goes on afterwards as it was. \p memory is what the dump
/// shows of it: without our breakpoints. The file has its name only when it is complete.
[[nodiscard]] Result<LiveDump> write_live_dump(const Nt& nt,
                                               const TargetProcess& process,
                                               TargetMemory& memory,
                                               const DumpRequest& request);

}  // namespace vigil::capture
