// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture/win/windows.h"

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "capture/win/nt.h"
#include "capture/win/target_process.h"

/// What a debugger's events of threads leave out. Asked while such an event holds the process.
namespace vigil::capture {

/// Where \p thread began to run, as the system knows it; nothing: it does not tell.
[[nodiscard]] std::optional<std::uint64_t> start_of(const Nt& nt, ThreadId thread);

/// Whether a thread that begins at \p start is one by which a debugger stops a process.
[[nodiscard]] bool is_break_in(std::uint64_t start) noexcept;

/// The path of the image or file that is mapped at \p address, also of one that the loader does not
/// know; empty: none is. Of one that lies on no drive the path is the system's own
/// (`\Device\Mup\...`).
[[nodiscard]] std::string mapped_file_at(const TargetProcess& process, std::uint64_t address);

/// Whether the process is on its way out: ended from outside, or by a thread that stands in the
/// call which ends it. A thread that ends another process at that moment looks the same.
[[nodiscard]] bool is_ending(const Nt& nt, const TargetProcess& process);

}  // namespace vigil::capture
