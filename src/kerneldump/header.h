// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/diagnostics.h"
#include "base/time.h"
#include "kerneldump/fields.h"
#include "snapshot/snapshot.h"

namespace vigil::kerneldump {

inline constexpr std::uint64_t kHeaderBytes64 = 0x2000, kHeaderBytes32 = 0x1000;
inline constexpr std::uint64_t kPageBytes = 4096;
/// Of the block that tells of physical memory: 700 bytes.
inline constexpr std::uint32_t kMaxHeaderRuns64 = 42, kMaxHeaderRuns32 = 86;

/// DUMP_TYPE of mindumpdef.h, and behind it what debuggers write with `.dump /k`, `/ka`, `/f`.
enum class DumpType : std::uint8_t {
  Unknown,
  Full = 1,
  Summary = 2,
  HeaderOnly = 3,
  Triage = 4,
  BitmapFull = 5,
  BitmapKernel = 6,
  Automatic = 7,
  DebuggerKernel = 8,
  DebuggerKernelUser = 9,
  DebuggerFull = 10,
};
/// `full`, `kernel`, `triage`, …: the names of the report's JSON.
[[nodiscard]] std::string_view to_string(DumpType type) noexcept;

/// Bits of the header's Attributes.
enum class Attribute : std::uint32_t {
  InsufficientSpace = 1U << 2,
  KernelTriage = 1U << 3,
  Live = 1U << 4,
  Filtered = 1U << 6,
  Encrypted = 1U << 8,
};

struct PageRun {
  std::uint64_t first = 0;  ///< Page frame number.
  std::uint64_t count = 0;  ///< Pages.
};

/// DUMP_HEADER64 or DUMP_HEADER32 (mindumpdef.h) as values; what the writer left alone is absent.
struct Header {
  bool is_64bit = false;
  snapshot::Cpu cpu = snapshot::Cpu::Unknown;
  bool pae = false;               ///< Of 32 bits: page tables of three levels.
  std::uint32_t raw_machine = 0;  ///< IMAGE_FILE_MACHINE_*.
  std::uint32_t build = 0;        ///< MinorVersion.
  bool checked_build = false;     ///< MajorVersion 0xC.
  std::uint64_t directory_table = 0;
  std::uint64_t module_list = 0, process_list = 0, debugger_data = 0;
  std::uint32_t processors = 0;
  snapshot::Bugcheck bugcheck;
  std::optional<std::uint32_t> raw_type;
  DumpType type = DumpType::Unknown;
  std::optional<std::uint32_t> attributes;
  std::optional<std::uint64_t> required_space;
  std::optional<Timestamp> crash_time;
  std::optional<Microseconds> uptime;
  std::optional<std::uint32_t> product_type, suite_mask;
  std::string comment;
  /// PhysicalMemoryBlock: empty where it was left alone or makes no sense.
  std::vector<PageRun> runs;
  std::uint64_t pages = 0;  ///< Of all runs, as the block says.
  Fields context, exception;

  [[nodiscard]] std::uint64_t size() const noexcept {
    return is_64bit ? kHeaderBytes64 : kHeaderBytes32;
  }
  [[nodiscard]] bool has(Attribute attribute) const noexcept {
    return attributes && (*attributes & static_cast<std::uint32_t>(attribute)) != 0;
  }
};

/// Errc::Malformed: it does not begin as a kernel dump does, or all of it is zeros; Truncated: it
/// ends within the header; Unsupported: its data is encrypted. Views into \p file live as long as
/// that.
[[nodiscard]] Result<Header> read_header(ByteSource& file, Diagnostics& diagnostics);

/// The names of the attributes that are set; bits that have none by number.
[[nodiscard]] std::vector<std::string> attribute_names(std::uint32_t attributes);

}  // namespace vigil::kerneldump
