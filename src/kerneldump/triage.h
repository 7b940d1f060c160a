// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/diagnostics.h"
#include "kerneldump/fields.h"
#include "kerneldump/header.h"
#include "kerneldump/sparse_memory.h"
#include "snapshot/snapshot.h"

namespace vigil::kerneldump {

/// What a triage dump holds besides its header, each part where it is there: TRIAGE_DUMP64 and
/// TRIAGE_DUMP32 (windows.md 10.3; the 32-bit one by the same fields, without a dump of its kind to
/// check it by).
struct Triage {
  bool kernel_writer = false;
  std::uint32_t service_pack_build = 0;
  std::uint64_t stack_top = 0, stack_bytes = 0;  ///< The stack of the thread that stopped it.
  Fields memory_block;                           ///< Figures of memory: MmOffset.
  Fields prcb, process, thread, debugger_data;   ///< Raw copies of the kernel's structures.
  std::vector<snapshot::Module> drivers;
  std::vector<snapshot::UnloadedModule> unloaded;
  std::string broken_driver;
};

/// The parts of the triage dump \p file, and its memory into \p memory, which is settled
/// afterwards. A part that is not there or not readable is left out and noted. Errc::Truncated:
/// the file ends before the part that says where all others are.
[[nodiscard]] Result<Triage> read_triage(ByteSource& file,
                                         const Header& header,
                                         SparseMemory& memory,
                                         Diagnostics& diagnostics);

/// The MM_UNLOADED_DRIVER records of a dump: 0x38 bytes each, 0x20 of 32 bits. A name is at most 12
/// characters.
inline constexpr std::uint64_t kMaxUnloaded = 64;

}  // namespace vigil::kerneldump
