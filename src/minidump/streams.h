// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "minidump/dump_memory.h"
#include "minidump/reader.h"
#include "snapshot/snapshot.h"

/// One function a stream: each gets the stream's bytes, puts what they say into the snapshot, and
/// notes what it lost. An error means that nothing of the stream could be read. The system
/// information comes first: the others need to know the processor.
namespace vigil::minidump {

[[nodiscard]] Status read_system_info(Reader& reader,
                                      ByteView stream,
                                      snapshot::SystemInfo& system);
[[nodiscard]] Status read_misc_info(Reader& reader, ByteView stream, snapshot::Snapshot& snapshot);

/// The threads; a stack that has a place of its own in the file is added to \p memory.
[[nodiscard]] Status read_thread_list(Reader& reader,
                                      ByteView stream,
                                      std::vector<snapshot::Thread>& threads,
                                      MemoryRanges& memory);
[[nodiscard]] Status read_thread_names(Reader& reader,
                                       ByteView stream,
                                       std::vector<snapshot::Thread>& threads);
/// Times and states of the threads, and which one wrote the dump.
[[nodiscard]] Status read_thread_info(Reader& reader,
                                      ByteView stream,
                                      snapshot::Snapshot& snapshot);

/// The registers in a CONTEXT of this dump's processor; monostate, with a note that begins with
/// \p owner, when they are not readable, and without one when there are none.
[[nodiscard]] snapshot::ThreadContext read_context(Reader& reader,
                                                   const format::LocationDescriptor& location,
                                                   std::string_view owner);
[[nodiscard]] std::optional<snapshot::X86Context> read_x86_context(ByteView context);

[[nodiscard]] Status read_module_list(Reader& reader,
                                      ByteView stream,
                                      std::vector<snapshot::Module>& modules);
[[nodiscard]] Status read_unloaded_module_list(Reader& reader,
                                               ByteView stream,
                                               std::vector<snapshot::UnloadedModule>& modules);

[[nodiscard]] Status read_memory_list(Reader& reader, ByteView stream, MemoryRanges& memory);
[[nodiscard]] Status read_memory64_list(Reader& reader, ByteView stream, MemoryRanges& memory);
[[nodiscard]] Status read_memory_info_list(Reader& reader,
                                           ByteView stream,
                                           std::vector<snapshot::MemoryRegion>& regions);

[[nodiscard]] Status read_exception(Reader& reader,
                                    ByteView stream,
                                    std::optional<snapshot::Exception>& exception);

[[nodiscard]] Status read_narrow_comment(ByteView stream, std::string& comment);
[[nodiscard]] Status read_wide_comment(ByteView stream, std::string& comment);

[[nodiscard]] Status read_handle_data(Reader& reader, ByteView stream, snapshot::Handles& handles);
[[nodiscard]] Status read_handle_operations(Reader& reader,
                                            ByteView stream,
                                            snapshot::Handles& handles);
[[nodiscard]] Status read_tokens(Reader& reader,
                                 ByteView stream,
                                 std::vector<snapshot::Token>& tokens);
[[nodiscard]] Status read_function_tables(Reader& reader,
                                          ByteView stream,
                                          std::vector<snapshot::FunctionTable>& tables);

[[nodiscard]] Status read_system_memory(ByteView stream,
                                        std::optional<snapshot::SystemMemory>& memory);
[[nodiscard]] Status read_vm_counters(ByteView stream,
                                      std::optional<snapshot::ProcessMemory>& memory);

[[nodiscard]] Status read_crashpad(Reader& reader,
                                   ByteView stream,
                                   std::optional<snapshot::Crashpad>& crashpad);
[[nodiscard]] Status read_breakpad_info(ByteView stream, snapshot::Snapshot& snapshot);
[[nodiscard]] Status read_assertion(Reader& reader,
                                    ByteView stream,
                                    std::optional<snapshot::Assertion>& assertion);

/// What Breakpad copies from /proc and /etc of Linux: the model of the processor, the name of the
/// distribution, the process id, and nothing else. Environment, command line, memory map and
/// auxiliary vector hold what a report must not have; no function reads them.
[[nodiscard]] Status read_linux_cpuinfo(ByteView stream, snapshot::SystemInfo& system);
[[nodiscard]] Status read_linux_release(ByteView stream, snapshot::SystemInfo& system);
[[nodiscard]] Status read_linux_status(ByteView stream, snapshot::ProcessInfo& process);

/// Cuts each thread's stack to what \p memory holds of it, and finds by the stack pointer those
/// that the thread list does not describe.
void settle_stacks(Reader& reader, DumpMemory& memory, std::vector<snapshot::Thread>& threads);

/// Recognises a 32-bit process in a 64-bit dump by the layer it runs on, and finds its threads' own
/// registers in their TEBs, where those are captured.
void find_wow64(snapshot::Snapshot& snapshot, DumpMemory& memory);

}  // namespace vigil::minidump
