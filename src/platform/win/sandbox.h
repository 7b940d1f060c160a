// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/time.h"
#include "platform/win/handle.h"

/// What the analyzer runs in. Each call fails as a whole: there is no half-made sandbox. Whether
/// the system enforces what it accepted cannot be asked; Wine 8 accepts all of it and enforces
/// little, so whoever starts a child also watches its memory and its time.
namespace vigil::platform {

/// This program's token without privileges, with its administrative groups for denying only, at low
/// integrity: the child can write nowhere and open few other processes.
[[nodiscard]] Result<KernelHandle> create_sandbox_token();

/// For a program that is not ours: LocalService without privileges, at low integrity; where this
/// program is not SYSTEM (it runs in a terminal), create_sandbox_token().
[[nodiscard]] Result<KernelHandle> create_powerless_token();

struct JobLimits {
  std::uint64_t memory_bytes = 0;
  Microseconds cpu_time{0};
};

/// A job for one process: it ends when the handle is closed or a limit is reached, starts no
/// others, and reaches no windows, clipboard or desktop. An unhandled exception ends it without a
/// debugger.
[[nodiscard]] Result<KernelHandle> create_sandbox_job(const JobLimits& limits);

/// A job for a program that is not ours, and the few that it may start: what all of them use.
[[nodiscard]] Result<KernelHandle> create_program_job(std::uint64_t memory_bytes);

/// A job that only makes sure that its processes end with the handle.
[[nodiscard]] Result<KernelHandle> create_kill_on_close_job();

}  // namespace vigil::platform
