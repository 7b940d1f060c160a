// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Where the kernel of a build has its fields. Public type information (9600, 17763) and raw copies
/// in triage dumps (19041, 26100); what no source confirms is marked.
namespace vigil::test {

struct KernelLayout {
  std::uint32_t build = 0;
  const char* lab = "";
  std::uint32_t kdbg_size = 0;
  // EPROCESS; DirectoryTableBase 0x28 and KPROCESS.ThreadListHead 0x30 in all of them
  std::uint32_t eprocess_size = 0;
  std::uint32_t pid = 0, links = 0, process_create = 0, token = 0, parent = 0, peb = 0, session = 0;
  std::uint32_t section_base = 0, image_name = 0, audit_name = 0, object_table = 0;
  std::uint32_t thread_list = 0, active_threads = 0, exit_status = 0, process_exit = 0;
  std::uint32_t protection = 0;
  std::uint32_t user_directory = 0;  ///< KPROCESS.UserDirectoryTableBase; 0: none
  // ETHREAD; the KTHREAD part is the same in all of them
  std::uint32_t ethread_size = 0;
  std::uint32_t cid = 0, thread_entry = 0, win32_start = 0, irp_list = 0, thread_create = 0;
  std::uint32_t start_address = 0;
  // KPRCB
  std::uint32_t prcb_size = 0, vendor = 0, prcb_context = 0;
  std::uint32_t cpu_type = 0x40;  ///< CpuID, CpuStep and MHz follow.
  std::uint32_t processor_state = 0x100;
  std::uint32_t state_context = 0;  ///< Of the processor block, not of ProcessorState.
  std::uint32_t isr_stack = 0;
  std::uint32_t dpc_stack = 0, dpc_routine = 0;
  bool counters_in_kdbg = false;
  bool filled_triage_counters = false;  ///< In classic triage dumps.
};

/// \p unknown: with the fields of EPROCESS and ETHREAD elsewhere.
[[nodiscard]] KernelLayout kernel_layout(std::uint32_t build, bool unknown = false);

/// Where the kernel counts the memory: members of _MI_PARTITION, _MI_VISIBLE_PARTITION,
/// _MI_VISIBLE_STATE and what is in them. Made up; the shape is that of public type information.
struct KernelStateLayout {
  std::uint32_t partition_size = 0, commit = 0, vp = 0;
  std::uint32_t commit_peak = 0, commit_limit_maximum = 0;                     ///< In Commit.
  std::uint32_t physical = 0, page_files = 0, paging_file = 0, available = 0;  ///< In Vp.
  std::uint32_t resident_available = 0, committed = 0, commit_limit = 0, shared_commit = 0;
  bool by_pointer = false;  ///< MiVisibleState leads to the state; it is in MiState otherwise.
  std::uint32_t state_size = 0, vs = 0;  ///< Of _MI_SYSTEM_INFORMATION, which begins with Pools.
  std::uint32_t allocated_nonpaged = 0;  ///< In Pools.
  std::uint32_t paged_pool = 0, nonpaged_maximum = 0, paged_size = 0;  ///< In the visible state.
  std::uint32_t nonpaged_commit = 0, process_commit = 0, driver_commit = 0;
  std::uint32_t file_size = 0, file_free = 0;  ///< In _MMPAGING_FILE.
};
[[nodiscard]] KernelStateLayout kernel_state_layout(std::uint32_t build);

}  // namespace vigil::test
