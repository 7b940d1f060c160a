// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

/// What stands in a dump, as values: the Windows half of the module fills them from a live process,
/// the portable half makes bytes of them. Text stays UTF-16, as the process and the file have it.
namespace vigil::capture {

struct MemoryRange {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
  [[nodiscard]] std::uint64_t end() const noexcept { return base + size; }
  friend bool operator==(const MemoryRange&, const MemoryRange&) = default;
};

using ContextBytes = std::vector<std::byte>;  ///< A CONTEXT as the system gives it.

struct ThreadRecord {
  ThreadId id{};
  std::uint32_t suspend_count = 0;
  std::uint32_t priority_class = 0;
  std::uint32_t priority = 0;
  std::uint64_t teb = 0;
  MemoryRange stack{};  ///< The part that holds the stack pointer, as far as it is in the dump.
  ContextBytes context{};
  std::u16string name{};
  std::uint32_t info_flags = 0;  ///< MINIDUMP_THREAD_INFO's DumpFlags.
  std::uint64_t create_time = 0, exit_time = 0, kernel_time = 0, user_time = 0;  ///< FILETIMEs.
  std::uint64_t start_address = 0;
  std::uint64_t affinity = 0;
};

/// A VS_FIXEDFILEINFO, all zero when the module has no version.
using FixedVersion = std::array<std::uint8_t, 52>;

struct ModuleRecord {
  std::uint64_t base = 0;
  std::uint32_t size = 0;
  std::uint32_t checksum = 0;
  std::uint32_t timestamp = 0;
  std::u16string path{};
  FixedVersion version{};
  std::vector<std::byte> codeview{};  ///< The RSDS record, with its path.
};

struct UnloadedModuleRecord {
  std::uint64_t base = 0;
  std::uint32_t size = 0;
  std::uint32_t checksum = 0;
  std::uint32_t timestamp = 0;
  std::u16string name{};
};

struct RegionRecord {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
  std::uint64_t allocation_base = 0;
  std::uint32_t allocation_protect = 0;
  std::uint32_t state = 0;
  std::uint32_t protect = 0;
  std::uint32_t type = 0;

  /// Committed, and neither a guard page nor without access.
  [[nodiscard]] bool readable() const noexcept;
  [[nodiscard]] bool executable() const noexcept;
};

struct HandleRecord {
  std::uint64_t handle = 0;
  std::u16string type{};
  std::u16string name{};
  std::uint32_t attributes = 0;
  std::uint32_t granted_access = 0;
  std::uint32_t handle_count = 0;
  std::uint32_t pointer_count = 0;
};

struct ExceptionContent {
  ThreadId thread{};
  std::uint32_t code = 0;
  std::uint32_t flags = 0;
  std::uint64_t nested_record = 0;
  std::uint64_t address = 0;
  std::vector<std::uint64_t> parameters{};  ///< At most 15 are written.
  ContextBytes context{};
};

struct SystemContent {
  std::uint16_t processor_level = 0;
  std::uint16_t processor_revision = 0;
  std::uint8_t processors = 0;
  std::uint8_t product_type = 0;
  std::uint32_t major = 0, minor = 0, build = 0;
  std::uint16_t suite_mask = 0;
  std::u16string service_pack{};
  std::array<std::uint64_t, 2> processor_features{};
};

struct DumpContent {
  std::uint32_t flags = 0;  ///< MINIDUMP_TYPE: what it holds, and which lists are written.
  bool memory64 = false;    ///< The memory may be more than 4 GiB: it stands at the end.
  Timestamp taken_at{};
  ProcessId pid{};
  Timestamp process_start{};
  std::uint32_t user_seconds = 0, kernel_seconds = 0;
  SystemContent system{};
  std::optional<ExceptionContent> exception{};
  std::vector<ThreadRecord> threads{};
  std::vector<ModuleRecord> modules{};
  std::vector<UnloadedModuleRecord> unloaded_modules{};
  std::vector<RegionRecord> regions{};
  std::vector<HandleRecord> handles{};
  std::u16string comment{};
  std::vector<MemoryRange>
      memory{};  ///< What is dumped: by address, no two touching or overlapping.
};

}  // namespace vigil::capture
