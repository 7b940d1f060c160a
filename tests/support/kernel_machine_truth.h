// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// What a reader should find in the dump of a made machine.
namespace vigil::test {

struct PhysicalRun {
  std::uint64_t first = 0;  ///< A page frame number.
  std::uint64_t count = 0;
};

struct FunctionTruth {
  std::string name{};
  std::uint64_t address = 0;
  std::uint32_t size = 0;
};

struct ModuleTruth {
  std::string name{};  ///< badnet.sys
  std::string path{};  ///< \SystemRoot\System32\drivers\badnet.sys
  std::uint64_t base = 0;
  std::uint32_t size = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t checksum = 0;
  std::uint64_t entry_point = 0;
  std::string version{};  ///< 10.0.19041.1; empty: no version resource.
  std::string company{};
  std::string pdb{};
  std::string debug_id{};  ///< GUID and age as symbol stores write it.
  bool third_party = false;
  std::vector<FunctionTruth> functions{};
};

struct UnloadedTruth {
  std::string name{};  ///< Triage dumps have the first 12 characters.
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

struct FrameTruth {
  std::uint64_t instruction = 0;  ///< Where it runs, or the resume address of a caller.
  std::uint64_t stack_pointer = 0;
  std::string module{};  ///< Without a path.
  std::string function{};
  std::uint32_t offset = 0;  ///< In the function.
};

struct ThreadTruth {
  std::uint64_t address = 0;  ///< ETHREAD
  std::uint64_t process = 0;  ///< EPROCESS
  std::uint32_t pid = 0, tid = 0;
  std::uint8_t state = 0;        ///< 2 running, 3 standby, 5 waiting
  std::uint8_t wait_reason = 0;  ///< Meaningful when it waits.
  std::uint8_t priority = 0;
  std::uint64_t teb = 0;
  std::uint64_t stack_base = 0, stack_limit = 0, kernel_stack = 0;
  std::uint64_t start_address = 0, win32_start_address = 0;
  std::uint64_t create_time = 0;
  std::uint32_t context_switches = 0;
  std::uint32_t kernel_time = 0, user_time = 0;  ///< In clock ticks.
  std::vector<FrameTruth> stack{};               ///< Innermost first; goes on into user code.
};

struct ProcessTruth {
  std::uint64_t address = 0;  ///< EPROCESS
  std::uint32_t pid = 0, parent_pid = 0;
  std::uint32_t session = 0;
  std::string image{};       ///< As EPROCESS has it: at most 14 characters.
  std::string image_path{};  ///< Of the audit name; empty for System.
  std::uint64_t create_time = 0;
  std::uint64_t directory_table = 0;
  std::uint64_t peb = 0;
  std::uint64_t image_base = 0;
  std::uint32_t exit_status = 0x103;
  std::uint8_t protection = 0;
  std::uint32_t active_threads = 0;
  std::vector<ThreadTruth> threads{};
};

struct ProcessorTruth {
  std::uint32_t number = 0;
  std::uint64_t prcb = 0;
  std::uint64_t current_thread = 0, next_thread = 0, idle_thread = 0;
  std::uint32_t mhz = 0;
  std::string vendor{};
  std::uint32_t family = 0, model = 0, stepping = 0;
  std::uint64_t cr3 = 0, cr4 = 0;
  std::uint8_t irql = 0;           ///< When the bugcheck was raised.
  std::uint64_t rip = 0, rsp = 0;  ///< Of ProcessorState.ContextFrame; 0: not saved.
};

/// In pages. The triage Mm block has the same values where the build fills it.
struct MemoryTruth {
  bool in_kdbg = false;  ///< KDBG points to these; otherwise its pointers are null.
  std::uint64_t physical = 0, available = 0, resident_available = 0;
  std::uint64_t committed = 0, commit_limit = 0, commit_peak = 0;
  std::uint64_t shared_commit = 0, driver_commit = 0, process_commit = 0;
  std::uint64_t paged_pool_commit = 0;  ///< KDBG points to it in every build.
  std::uint64_t nonpaged_pool = 0;      ///< MmAllocatedNonPagedPool counts pages.
  std::uint64_t maximum_nonpaged_pool_bytes = 0;
  std::uint64_t paged_pool_bytes = 0;  ///< The size of the pool, in every build.
  // of unknown kernels only
  std::uint64_t nonpaged_commit = 0;
  std::uint64_t page_files = 0, page_file_pages = 0, page_file_free = 0, commit_limit_maximum = 0;
};

struct UserModuleTruth {
  std::string name{}, path{};
  std::uint64_t base = 0;
  std::uint32_t size = 0;
  std::uint32_t timestamp = 0;
};

struct PebTruth {
  std::uint64_t address = 0;
  std::uint64_t image_base = 0, ldr = 0, process_parameters = 0, process_heap = 0;
  bool being_debugged = false;
  std::uint32_t nt_global_flag = 0, session = 0;
  std::uint16_t os_build = 0;
  std::string image_path{}, command_line{}, current_directory{}, window_title{}, desktop{},
      dll_path{};
  std::uint64_t environment = 0;
  std::string secret{};  ///< Stands in the environment, and may stand in no report.
  std::vector<UserModuleTruth> modules{};
};

struct TebTruth {
  std::uint64_t address = 0;
  std::uint64_t stack_base = 0, stack_limit = 0, peb = 0, thread_local_storage = 0;
  std::uint32_t pid = 0, tid = 0;
  std::uint32_t last_error = 0, last_status = 0, owned_locks = 0;
};

struct RecordTruth {
  std::uint64_t address = 0;  ///< 0: there is none in memory.
  std::uint32_t code = 0, flags = 0;
  std::uint64_t exception_address = 0;
  std::vector<std::uint64_t> parameters{};
};

/// The request that a bugcheck names, and whose it is.
struct IrpTruth {
  std::uint64_t address = 0;  ///< 0: none.
  std::uint8_t major = 0, minor = 0;
  std::uint64_t device = 0, driver_object = 0;
  std::string driver_name{};  ///< \\Driver\\badnet
  std::string module{};
};

/// An address and how its page is mapped: what translation has to cope with.
struct ProbeTruth {
  std::string way{};  ///< "4 KB", "2 MB", "1 GB", "transition", "prototype", "pagefile", …
  std::uint64_t address = 0;
  std::uint64_t physical = 0;  ///< Where it is; meaningless where bytes is empty.
  std::string bytes{};         ///< What stands there; empty: not in memory.
};

struct MachineTruth {
  std::uint32_t build = 0;
  std::string build_lab{};
  std::uint32_t product_type = 0, suite_mask = 0;
  std::uint32_t bugcheck = 0;
  std::array<std::uint64_t, 4> parameters{};
  std::uint64_t system_time = 0;  ///< FILETIME of the crash
  std::uint64_t uptime = 0;       ///< 100 ns
  std::uint64_t kernel_base = 0, kdbg = 0, loaded_modules = 0, active_processes = 0;
  std::uint64_t directory_table = 0, pfn_database = 0;
  std::uint64_t kdbg_size = 0;
  std::vector<ModuleTruth> modules{};  ///< In load order.
  std::vector<UnloadedTruth> unloaded{};
  std::vector<ProcessTruth> processes{};  ///< In the order of the list.
  ProcessTruth idle{};                    ///< In no list.
  std::uint64_t application = 0;  ///< EPROCESS that peb, teb and the probes of user pages are of.
  std::vector<ProcessorTruth> processors{};
  std::uint32_t crash_processor = 0;
  std::uint64_t crash_thread = 0, crash_process = 0;  ///< ETHREAD, EPROCESS
  std::uint64_t named_process = 0;                    ///< EPROCESS that the parameters name.
  IrpTruth irp{};
  std::string blamed_module{};  ///< Where it went wrong.
  /// From KeBugCheckEx outwards, across the trap frame; and from the fault outwards.
  std::vector<FrameTruth> bugcheck_stack{}, fault_stack{};
  std::uint64_t trap_frame = 0;  ///< 0: none.
  std::uint64_t context = 0;     ///< 0: none in memory but the header's.
  std::uint64_t fault_instruction = 0, fault_stack_pointer = 0, fault_address = 0;
  RecordTruth exception{};
  MemoryTruth memory{};
  std::map<std::string, std::uint64_t> globals{};  ///< Addresses that the kernel's symbols name.
  PebTruth peb{};  ///< Of the application, which is current but for crashes of system threads.
  TebTruth teb{};  ///< Of its thread.
  std::vector<ProbeTruth> probes{};
};

}  // namespace vigil::test
