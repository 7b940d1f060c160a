// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture/win/windows.h"

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "capture/dump_content.h"
#include "capture/target_memory.h"
#include "capture/win/nt.h"
#include "platform/win/handle.h"
#include "store/store.h"

namespace vigil::capture {

/// Memory of a process that somebody else keeps open.
class LiveMemory final : public TargetMemory {
 public:
  explicit LiveMemory(HANDLE process) : process_(process) {}
  [[nodiscard]] bool read(std::uint64_t address, std::span<std::byte> out) override;

 private:
  HANDLE process_;
};

/// A process that may be dumped: 64 bit, neither this program nor one that holds other people's
/// secrets.
class TargetProcess {
 public:
  enum class Use { Dump, Debug };
  /// Errc::NotFound when it is gone, AccessDenied, LimitExceeded when Vigil itself refuses,
  /// Unsupported for a 32-bit process. Debug: also refuses Vigil's own programs, which would end in
  /// a circle.
  [[nodiscard]] static Result<TargetProcess> open(const Nt& nt, ProcessId pid, Use use);

  [[nodiscard]] HANDLE handle() const noexcept { return handle_.get(); }
  [[nodiscard]] ProcessId pid() const noexcept { return pid_; }
  [[nodiscard]] std::uint64_t peb() const noexcept { return peb_; }
  /// Process, path, command line, start time and pid; the rest is the caller's.
  [[nodiscard]] const store::Signal& facts() const noexcept { return facts_; }

  /// What a mini dump takes of the PEB's surroundings, and the environment block that it never
  /// takes.
  [[nodiscard]] std::vector<MemoryRange> process_block() const { return process_block_; }
  [[nodiscard]] std::vector<MemoryRange> environment() const { return environment_; }
  [[nodiscard]] std::vector<MemoryRange> command_line() const { return command_line_; }

 private:
  TargetProcess() = default;
  [[nodiscard]] Status read_facts(const Nt& nt);
  void read_parameters(TargetMemory& memory);

  platform::KernelHandle handle_;
  ProcessId pid_{};
  std::uint64_t peb_ = 0;
  store::Signal facts_;
  std::vector<MemoryRange> process_block_;
  std::vector<MemoryRange> environment_;
  std::vector<MemoryRange> command_line_;
};

}  // namespace vigil::capture
