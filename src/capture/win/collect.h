// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture/win/windows.h"

#include <vector>

#include "base/diagnostics.h"
#include "capture/dump_content.h"
#include "capture/selection.h"
#include "capture/win/nt.h"
#include "capture/win/target_process.h"

/// Reads what the system tells of a process into a dump's values. What cannot be read is left out
/// and noted; nothing here fails a dump.
namespace vigil::capture {

struct CollectedThreads {
  std::vector<ThreadRecord> records;
  std::vector<StackFacts> stacks;  ///< In the same order.
};
/// The process must stand still.
[[nodiscard]] CollectedThreads collect_threads(const Nt& nt,
                                               const TargetProcess& process,
                                               TargetMemory& memory,
                                               Diagnostics& diagnostics);

/// The process must stand still.
[[nodiscard]] std::vector<RegionRecord> collect_regions(const TargetProcess& process);

/// Modules with their image facts; what \p known has already is taken from there.
[[nodiscard]] std::vector<ModuleRecord> collect_modules(const TargetProcess& process,
                                                        TargetMemory& memory,
                                                        const std::vector<ModuleRecord>& known);
[[nodiscard]] std::vector<UnloadedModuleRecord> collect_unloaded_modules(const Nt& nt,
                                                                         TargetMemory& memory);

/// Types and names within a time budget; what did not fit is noted. \p process: a handle that may
/// query it and duplicate its handles.
[[nodiscard]] std::vector<HandleRecord> collect_handles(const Nt& nt,
                                                        HANDLE process,
                                                        Diagnostics& diagnostics);

/// System, process times.
void collect_system(const Nt& nt, const TargetProcess& process, DumpContent& content);

/// `AMD EPYC 7763 64-Core Processor`
[[nodiscard]] std::string processor_name();

/// Where it began to run, as the system knows it.
[[nodiscard]] std::uint64_t start_address_of(const Nt& nt, HANDLE thread);

/// The registers of a stopped thread, as the system gives them; empty when it does not.
[[nodiscard]] ContextBytes read_context(HANDLE thread);
/// What a mini dump looks at behind them: every general register of \p context.
[[nodiscard]] std::vector<std::uint64_t> general_registers(const ContextBytes& context);
struct StackRegisters {
  std::uint64_t instruction = 0;
  std::uint64_t stack_pointer = 0;
};
[[nodiscard]] StackRegisters stack_registers(const ContextBytes& context);

/// A system query that grows its buffer until the answer fits; empty on failure or above \p limit.
[[nodiscard]] std::vector<std::byte> query_system(const Nt& nt, ULONG what, std::size_t limit);

}  // namespace vigil::capture
