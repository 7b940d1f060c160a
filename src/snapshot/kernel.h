// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

/// What a dump of a whole machine says beyond what Snapshot has for every dump: the bugcheck, and
/// the processors, processes and threads as the kernel kept them. Addresses are of the machine, all
/// texts are UTF-8.
namespace vigil::snapshot {

/// How a bugcheck stopped the machine.
struct Bugcheck {
  /// In code: the machine had stopped in user mode or by a small dump's own way; 0x1000007e is
  /// 0x7e.
  static constexpr std::uint32_t kMinidumpFlag = 0x10000000;
  std::uint32_t code = 0;  ///< As the dump has it. 0: the machine did not stop by itself.
  std::array<std::uint64_t, 4> parameters{};
  /// Without kMinidumpFlag: what names and explanations go by.
  [[nodiscard]] std::uint32_t base_code() const noexcept {
    const bool flagged = (code & 0xf0000000) == kMinidumpFlag;
    return flagged ? code & ~kMinidumpFlag : code;
  }
};

/// The process that a bugcheck is about because it must not end and did, or the thread of one.
struct EndedObject {
  std::uint64_t address = 0;  ///< EPROCESS or ETHREAD.
  bool is_thread = false;
};
/// None: \p bugcheck is about something else.
[[nodiscard]] std::optional<EndedObject> ended_object(const Bugcheck& bugcheck) noexcept;
/// The request (IRP) that a bugcheck is about. None: \p bugcheck is about something else.
[[nodiscard]] std::optional<std::uint64_t> named_request(const Bugcheck& bugcheck) noexcept;

/// KTHREAD_STATE: `running`, `waiting`, …; empty: not known.
[[nodiscard]] std::string_view thread_state_name(std::uint8_t state) noexcept;
/// KWAIT_REASON: `Executive`, `UserRequest`, …; empty: not known.
[[nodiscard]] std::string_view wait_reason_name(std::uint8_t reason) noexcept;

struct KernelThread {
  std::uint64_t address = 0;  ///< Of its ETHREAD.
  std::uint64_t process = 0;  ///< Of its EPROCESS; 0: not known.
  std::optional<std::uint32_t> pid, tid;
  std::string image;  ///< Of its process.
  std::optional<std::uint8_t> state, wait_reason, priority;
  std::optional<std::uint64_t> teb, start_address;
  std::optional<std::uint64_t> kernel_stack, stack_base, stack_limit;
  std::optional<std::uint32_t> context_switches;
  std::optional<std::uint32_t> wait_ticks;  ///< The tick at which its wait began.
  std::optional<std::uint32_t> processor;   ///< Where it was running.
};

struct KernelProcess {
  std::uint64_t address = 0;  ///< Of its EPROCESS.
  std::optional<std::uint32_t> pid, parent;
  std::string image;  ///< At most 15 characters: the kernel keeps no more.
  std::optional<std::uint32_t> threads, session, exit_status;
  std::optional<Timestamp> create_time, exit_time;
  std::optional<std::uint64_t> peb, directory_table;
};

struct KernelProcessor {
  std::uint32_t number = 0;
  std::uint64_t prcb = 0;
  bool stopped_machine = false;  ///< The bugcheck was raised here.
  std::optional<std::uint64_t> current_thread, next_thread, idle_thread;
  std::optional<std::uint32_t> mhz;
  std::string vendor;  ///< `GenuineIntel`; empty: not said.
  std::optional<std::uint16_t> family, model, stepping;
  std::optional<std::uint8_t> irql;
  std::string irql_source;  ///< Where that comes from.
};

/// A figure of the machine's memory and where it was found. Without a value: not in this dump.
struct KernelCounter {
  enum class Unit : std::uint8_t { Bytes, Count };
  std::string_view name;  ///< `commit_limit`: the name of the report's JSON.
  std::optional<std::uint64_t> value;
  Unit unit = Unit::Bytes;
  std::string source;  ///< `triage block`, `MmAvailablePages by KDBG`, `dump header`
};

struct UserModule {
  std::uint64_t base = 0, size = 0;
  std::uint32_t timestamp = 0;
  std::string path;
};

/// The first and the last entry of a list.
struct ListEnds {
  std::uint64_t first = 0, last = 0;
};

/// The process environment block of the process that was current, without its environment: that
/// holds secrets.
struct ProcessEnvironment {
  std::uint64_t address = 0;
  std::optional<bool> inherited_address_space, read_image_options, being_debugged;
  std::optional<std::uint64_t> image_base, loader_data, parameters, subsystem_data, heap;
  std::optional<bool> loader_initialized;
  std::optional<ListEnds> load_order, memory_order, initialization_order;
  std::optional<std::uint32_t> global_flags, session, processors;
  std::string image_path, command_line, current_directory, window_title, desktop, dll_path;
  /// Of these texts those that are not in the dump, by name: `command_line`.
  std::vector<std::string> lost_texts;
  std::vector<UserModule> modules;  ///< In load order.
};

struct ThreadEnvironment {
  std::uint64_t address = 0;
  std::optional<std::uint64_t> exception_list, stack_base, stack_limit, subsystem_tib, fiber_data;
  std::optional<std::uint64_t> arbitrary_user_pointer, self, environment_pointer, rpc_handle, tls;
  std::optional<std::uint64_t> peb, pid, tid;
  std::optional<std::uint32_t> last_error, last_status, owned_critical_sections, hard_error_mode;
};

/// Where the registers of the fault were found.
enum class FaultSource : std::uint8_t {
  None,           ///< Nowhere: Snapshot::exception has the header's, of the bugcheck itself.
  ContextRecord,  ///< A CONTEXT that a parameter points to.
  TrapFrame,      ///< A trap frame that a parameter points to.
  FoundFrame,     ///< A trap frame that was found on the stack by the faulting address.
};

/// A request (IRP) that a bugcheck names, and at whose device it lies.
struct KernelRequest {
  std::uint64_t address = 0, device = 0, driver_object = 0;
  std::uint64_t driver_start = 0;  ///< Where the driver's image begins; 0: not known.
  std::string driver_name;         ///< `\Driver\badnet`; empty: not known.
  std::optional<std::uint8_t> major_function, minor_function;
};

struct KernelState {
  Bugcheck bugcheck;
  std::string dump_type;  ///< `automatic`, `kernel`, `triage`, …; `unknown` and its number.
  std::vector<std::string> attributes;  ///< `live`, `truncated_by_space`, …
  bool live = false;                    ///< The system wrote the dump of itself and went on.
  bool by_debugger = false;    ///< A debugger wrote it; whether the machine had stopped is open.
  bool checked_build = false;  ///< Of the kernel: one that checks itself.
  std::string writer;          ///< Of a triage dump: `classic` or `kernel`.
  std::string translation;     ///< How addresses were translated: `amd64, 4 levels`; empty: not.
  std::string offsets;         ///< How the kernel's structures were read: `table for build 19041`.
  std::optional<Timestamp> boot_time;
  std::optional<Microseconds> uptime;
  std::uint64_t directory_table = 0, module_list = 0, process_list = 0, debugger_data = 0;
  std::uint64_t kernel_base = 0;  ///< 0: not known.
  std::optional<std::uint64_t> present_pages;
  std::uint64_t missing_bytes = 0;  ///< How much of what the file should hold is not in it.
  std::vector<KernelProcessor> processors;
  std::vector<KernelProcess> processes;
  std::vector<KernelThread> threads;
  bool processes_are_complete = false;  ///< The whole list was there.
  std::uint64_t current_process = 0, current_thread = 0;
  std::vector<KernelCounter> counters;
  std::optional<ProcessEnvironment> peb;
  std::optional<ThreadEnvironment> teb;
  FaultSource fault_source = FaultSource::None;
  std::uint64_t fault_frame = 0;  ///< Where the trap frame, CONTEXT or record lies.
  std::optional<KernelRequest> request;
  std::string broken_driver;  ///< Of a triage dump: whom the system itself suspected.
  /// Addresses within modules on the stack of the thread that stopped the machine, innermost first:
  /// what a small dump without images has of a stack.
  std::vector<std::uint64_t> stack_candidates;
};

}  // namespace vigil::snapshot
